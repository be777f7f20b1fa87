import { libchdbPath } from 'chdb/libchdb'
import { DataType, load, open } from 'ffi-rs'

/**
 * The embedded engine, as a process: runs ClickHouse's own command line inside libchdb until standard input ends.
 * It stays on the main thread because the engine's stack guard refuses any other.
 */
const args = ['clickhouse', ...process.argv.slice(2)]
open({ library: 'chdb', path: libchdbPath() })
load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  // Really a pointer to a result that is of no interest here; errors have gone to standard error.
  retType: DataType.I32,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [args.length, args],
  runInNewThread: false,
})
process.exit(0)

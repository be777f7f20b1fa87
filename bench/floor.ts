import { readFileSync } from 'node:fs'
import type { ClickHouse } from '../storage/clickhouse.ts'

/**
 * What ClickHouse alone takes for the work of a finaliser that has ended, CPU seconds: reading all spans as it reads them, without looking
 * at them; inserting its facts and rollups, which are there, into empty tables of the same kind, as many blocks as it had jobs; merging each
 * of these tables into one part. No program that keeps these spans and writes these facts is faster.
 */
export interface Floor {
  readonly read: number
  /** Of this process: taking the answers from their sockets. */
  readonly receive: number
  readonly insert: Record<string, number>
  readonly mergeOnce: Record<string, number>
}

const facts = ['hops', 'proxies', 'traces']
const rollups = ['rollup_1m', 'rollup_class_1m', 'coverage_1m']
/** As many as a part of a job has. */
const spansPerRead = 200_000

const spansOfManyTraces = readFileSync(new URL('../server/queries/spans-of-many-traces.sql', import.meta.url), 'utf8')
const selected = spansOfManyTraces.slice(0, spansOfManyTraces.indexOf('FROM spans'))

/** @param engineCpuSeconds what ClickHouse has used so far. Merges are at rest. */
export async function floorOf(clickhouse: ClickHouse, spans: number, engineCpuSeconds: () => number): Promise<Floor> {
  const taken = async (work: () => Promise<void>): Promise<number> => {
    const before = engineCpuSeconds()
    await work()
    return engineCpuSeconds() - before
  }

  const own = process.cpuUsage()
  const read = await taken(() => readSpans(clickhouse, spans))
  const { user, system } = process.cpuUsage(own)

  const jobs = await clickhouse.query<{ job: string }>(`SELECT DISTINCT toString(job) AS job FROM traces`)
  const insert: Record<string, number> = {}
  const mergeOnce: Record<string, number> = {}
  for (const table of [...facts, ...rollups]) {
    const copy = `floor_${table}`
    await clickhouse.command(`CREATE TABLE ${copy} AS ${table}`)
    await clickhouse.command(`SYSTEM STOP MERGES ${copy}`)
    insert[table] = 0
    for (const { job } of jobs) {
      // A job has most cells of a rollup.
      const where = facts.includes(table) ? `WHERE job = ${job}` : ''
      const block = await clickhouse.queryBytes(`SELECT * FROM ${table} ${where} FORMAT Native`)
      insert[table] += await taken(() => clickhouse.insertNative(copy, [block]))
    }
    await clickhouse.command(`SYSTEM START MERGES ${copy}`)
    mergeOnce[table] = await taken(() => clickhouse.command(`OPTIMIZE TABLE ${copy} FINAL`))
    await clickhouse.command(`DROP TABLE ${copy} SYNC`)
  }
  return { read, receive: (user + system) / 1e6, insert, mergeOnce }
}

/** All spans once, in the order they lie in. */
async function readSpans(clickhouse: ClickHouse, spans: number): Promise<void> {
  // Ranges of the first byte of trace ids, which are random.
  const reads = Math.min(256, 2 ** Math.ceil(Math.log2(Math.max(1, spans / spansPerRead))))
  let bytes = 0
  for (let i = 0; i < reads; i++) {
    const from = (256 / reads) * i
    const below = from + 256 / reads
    const id = (byte: number) => `toFixedString(unhex('${byte.toString(16).padStart(2, '0').padEnd(32, '0')}'), 16)`
    const upper = below < 256 ? `AND trace_id < ${id(below)}` : ''
    const sql = `${selected} FROM spans WHERE trace_id >= ${id(from)} ${upper} FORMAT Native`
    bytes += (await clickhouse.queryBytes(sql, {}, { settings: { max_threads: 1 } })).length
  }
  // Ids alone are 32 bytes.
  if (bytes < 32 * spans) throw new Error(`only ${bytes} bytes were read of ${spans} spans`)
}

import type { ClickHouse } from '../../storage/clickhouse.ts'
import { nativeBlock } from '../../storage/native.ts'
import type { Spool } from '../spool/log.ts'

/** Says what the spool holds, in `spools`, for the Data page; without a spool that nothing waits. */
export async function reportSpool(clickhouse: ClickHouse, collector: string, spool: Spool | null): Promise<void> {
  const block = nativeBlock([
    ['collector', 'LowCardinality(String)'],
    ['directory', 'String'],
    ['spans', 'UInt64'],
    ['batches', 'UInt64'],
    ['bytes', 'UInt64'],
    ['limit_bytes', 'UInt64'],
    ['set_aside', 'UInt64'],
  ])
  const state = spool?.state()
  block.push({
    collector,
    directory: spool?.directory ?? '',
    spans: state?.spans ?? 0,
    batches: state?.records ?? 0,
    bytes: state?.bytes ?? 0,
    limit_bytes: state?.maxBytes ?? 0,
    set_aside: state ? state.setAside.corrupt + state.setAside.refused : 0,
  })
  await clickhouse.insertNative('spools (collector, directory, spans, batches, bytes, limit_bytes, set_aside)', [
    block.toBytes(),
  ])
}

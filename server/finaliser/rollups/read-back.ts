import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { readRolled, type RolledRow, type WrittenFacts } from '../../queries/finaliser/rolled.ts'
import type { RolledHop, RolledMeasure, RolledProxy, RolledTax, RolledTrace } from './rolled.ts'
import { foldHop, foldProxy, foldTrace, noRollups, type Folded, type Rollups } from './rollups.ts'
import { rollupBlocks, type RollupTable } from './blocks.ts'

/** The rollups of a job whose facts are there, as they would have been written with it. */
export async function rollupsOfJob(clickhouse: ClickHouse, job: bigint): Promise<Record<RollupTable, Uint8Array>> {
  const rollups = noRollups()
  await foldBack(clickhouse, rollups, { jobs: [job], pairs: null }, (sign) => sign)
  return rollupBlocks(rollups)
}

/** Takes facts that a revision replaces out of the rollups. */
export function takeBack(
  clickhouse: ClickHouse,
  rollups: Rollups,
  replaced: readonly { traceId: string; job: bigint }[],
): Promise<void> {
  const jobs = [...new Set(replaced.map(({ job }) => job))]
  return foldBack(clickhouse, rollups, { jobs, pairs: replaced }, () => -1)
}

async function foldBack(
  clickhouse: ClickHouse,
  rollups: Rollups,
  facts: WrittenFacts,
  signOf: (sign: 1 | -1) => 1 | -1,
): Promise<void> {
  const { hops, proxies, traces } = await readRolled(clickhouse, facts)
  // The flags of a row have those that only the finaliser knew.
  const by = ({ minute, weight, sign }: { minute: number; weight: number; sign: 1 | -1 }): Folded => ({
    ...{ minute, weight },
    flags: 0,
    sign: signOf(sign),
  })
  for (const row of hops) foldHop(rollups, hopOf(row), by(row))
  for (const row of proxies) foldProxy(rollups, proxyOf(row), by(row))
  for (const row of traces) foldTrace(rollups, traceOf(row), by(row))
}

const number = (text: string | null): number | null => (text === null ? null : Number(text))
/** ClickHouse's hex() leaves leading zeros out. */
const id = (hex: string): string => hex.padStart(16, '0')
/** A fact has one value of a measure: the estimate, or the upper end of one that is bounded. */
const measure = (text: string | null, fidelity: string): RolledMeasure => {
  const ns = number(text)
  return { ns, hiNs: ns, fidelity: fidelity as RolledMeasure['fidelity'] }
}

function hopOf(row: RolledRow['hops']): RolledHop {
  const { environment, cluster, namespace, flags } = row
  const wireNs = number(row.wire)
  return {
    ...{ environment, cluster, namespace, flags },
    hopId: id(row.hopId),
    error: row.error === 1,
    caller: row.caller === '' ? null : { service: row.caller },
    callee: row.callee === '' ? null : { service: row.callee },
    via: Array.from({ length: Number(row.vias) }, () => ''),
    transit: measure(row.transitNs, row.transitFidelity),
    wire: { ns: wireNs, fidelity: wireNs === null ? 'unknown' : 'exact' },
    segments: row.classes.map((name, i) => ({
      class: name as RolledHop['segments'][number]['class'],
      ns: Number(row.ns[i]),
      fidelity: row.fidelities[i]! as RolledMeasure['fidelity'],
    })),
  }
}

function proxyOf(row: RolledRow['proxies']): RolledProxy {
  const { environment, cluster, namespace, flags, caller, callee, attempts } = row
  return {
    ...{ flags, caller, callee },
    identity: { proxyId: id(row.proxyId), environment, cluster, namespace },
    error: row.error === 1,
    retry: { attempts, backoffNs: Number(row.backoff), wastedNs: Number(row.wasted) },
    added: measure(row.addedNs, row.addedFidelity),
    overhead: measure(row.overheadNs, row.overheadFidelity),
    requestPath: measure(row.requestPathNs, row.requestPathFidelity),
    responsePath: measure(row.responsePathNs, row.responsePathFidelity),
  }
}

function traceOf(row: RolledRow['traces']): RolledTrace {
  const { environment, cluster, namespace, rootService, rootName, flags, services } = row
  const mesh = taxOf(row.meshLower, row.meshUpper, row.meshEstimate)
  const gateway = taxOf(row.gatewayLower, row.gatewayUpper, row.gatewayEstimate)
  return {
    ...{ environment, cluster, namespace, rootService, rootName, flags, services },
    proxies: { length: row.proxies },
    duration: number(row.duration),
    error: row.error === 1,
    tax: mesh && gateway && { mesh, gateway },
    criticalPath: row.classes.map((name, i) => ({
      class: name as RolledTrace['criticalPath'][number]['class'],
      ns: Number(row.ns[i]),
    })),
  }
}

function taxOf(lower: string | null, upper: string | null, estimate: string | null): RolledTax | null {
  if (upper === null) return null
  return { lowerNs: Number(lower), upperNs: Number(upper), estimateNs: number(estimate) }
}

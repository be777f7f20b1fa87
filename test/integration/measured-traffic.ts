import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { HopSegment, Measure, ProxyIdentity, ProxyTraversal, TraceAnalysis } from '../../server/analysis/types.ts'
import { rollupBlocks } from '../../server/finaliser/rollups/blocks.ts'
import { foldAnalysis } from '../../server/finaliser/rollups/of-analysis.ts'
import { takeBack } from '../../server/finaliser/rollups/read-back.ts'
import { noRollups } from '../../server/finaliser/rollups/rollups.ts'
import { factBlocks, lateRevisionFlag, pushFacts, pushHopName, pushProxyName } from '../../server/finaliser/facts.ts'
import { nothingLearned } from '../../server/analysis/learned/learned.ts'
import { learnedBlocks } from '../../server/finaliser/learn/rows.ts'
import { settledAtOf, writeJob } from '../../server/finaliser/write-job.ts'
import type { FactsOfTrace } from '../../server/queries/finaliser/facts.ts'

/**
 * Analysed traces with every level, open bounds, retries, errors and lost roots, made up of reproducible numbers: a gateway
 * before checkout (behind a sidecar), which calls cart. Tests compute what the API must say from the same objects.
 */
export interface TrafficOptions {
  readonly traces: number
  readonly fromMs: number
  readonly toMs: number
  readonly seed: number
}

export const proxyIds = { gateway: 'f000000000000001', sidecar: '00000000000000a2', rare: '00000000000000a3' }
export const hopIds = { entry: '8000000000000011', internal: '0000000000000012' }
/** Environment is part of what ids are made of. */
const idIn = (environment: string, id: string) => (environment === 'production' ? id : `e${id.slice(1)}`)

export function makeTraces({ traces, fromMs, toMs, seed }: TrafficOptions): TraceAnalysis[] {
  const random = randomFrom(seed)
  return Array.from({ length: traces }, (_, i) => {
    const atNs = BigInt(fromMs) * 1_000_000n + BigInt(Math.floor(random() * (toMs - fromMs) * 1e6))
    return makeTrace(`${seed.toString(16).padStart(8, '0')}${i.toString(16).padStart(24, '0')}`, atNs, random)
  })
}

/** The same request analysed again with other numbers, as late spans bring about. */
export function revise(trace: TraceAnalysis, seed: number): TraceAnalysis {
  return makeTrace(trace.traceId, trace.baseUnixNano, randomFrom(seed))
}

function makeTrace(traceId: string, baseUnixNano: bigint, random: () => number): TraceAnalysis {
  const place = { environment: random() < 0.8 ? 'production' : 'staging', cluster: 'c1', namespace: 'shop' }
  const checkout = random() < 0.7
  const lost = random() < 0.03
  const error = random() < 0.04
  const time = (scaleNs: number) => Math.round(scaleNs * Math.exp(1.2 * (random() + random() + random() - 1.5)))
  const gatewayNs = time(500_000)
  const sidecarNs = random() < 0.02 ? 0 : time(350_000)
  const wireNs = time(200_000)
  const appNs = time(9_000_000)
  const duration = gatewayNs + sidecarNs + wireNs + appNs
  const retried = random() < 0.08
  const level = random()
  const gatewayAdded =
    level < 0.7
      ? modelled(gatewayNs)
      : level < 0.9
        ? bounded(gatewayNs + wireNs)
        : level < 0.95
          ? bounded(null)
          : unknown
  const traversal = (identity: ProxyIdentity, measured: Partial<ProxyTraversal>): ProxyTraversal => ({
    identity,
    spanId: 'a'.repeat(16),
    spanIds: ['a'.repeat(16)],
    instance: `${identity.workload}-${Math.floor(random() * 3)}`,
    version: random() < 0.5 ? 'v1' : 'v2',
    ...{
      node: 'n1',
      zone: 'z1',
      responseFlags: '-',
      localReply: false,
      egress: false,
      connectNs: null,
      fanOut: null,
      status: error ? 503 : 200,
      flags: 0,
    },
    start: 1000,
    duration,
    overhead: unknown,
    requestPath: unknown,
    responsePath: unknown,
    added: unknown,
    retry: retried ? { attempts: 2, backoffNs: 25_000, wastedNs: wireNs } : { attempts: 1, backoffNs: 0, wastedNs: 0 },
    error,
    route: checkout ? '/checkout' : '/search',
    caller: identity.role === 'gateway' ? '' : 'edge',
    callee: 'checkout',
    ...measured,
  })
  const gateway = traversal(identityOf(place, 'gateway'), {
    overhead: exact(gatewayNs),
    requestPath: exact(Math.floor(gatewayNs * 0.6)),
    responsePath: exact(gatewayNs - Math.floor(gatewayNs * 0.6)),
    added: gatewayAdded,
  })
  const sidecar = traversal(identityOf(place, 'sidecar'), {
    overhead: bounded(sidecarNs),
    added: bounded(sidecarNs + wireNs),
    retry: { attempts: 1, backoffNs: 0, wastedNs: 0 },
  })
  const rare = random() < 0.02 ? [traversal(identityOf(place, 'rare'), { added: exact(sidecarNs) })] : []

  const segments: HopSegment[] = [
    { class: 'gateway.proc', ownerSpanId: 'a'.repeat(16), ns: gatewayNs, fidelity: 'exact' },
    { class: 'wire', ownerSpanId: 'a'.repeat(16), ns: wireNs - 40, fidelity: 'exact' },
    { class: 'wire', ownerSpanId: 'a'.repeat(16), ns: 40, fidelity: 'bounded' },
    { class: 'proxy.in', ownerSpanId: 'a'.repeat(16), ns: sidecarNs, fidelity: 'bounded' },
  ]
  const transitNs = gatewayNs + wireNs + sidecarNs
  const hop = {
    ...place,
    caller: null,
    callee: { service: 'checkout', spanId: 'b'.repeat(16) },
    via: ['a'.repeat(16), 'a'.repeat(16)],
    viaProxyIds: [idIn(place.environment, proxyIds.gateway), idIn(place.environment, proxyIds.sidecar)],
    start: 500,
    wire: random() < 0.5 ? exact(wireNs) : unknown,
    route: checkout ? '/checkout' : '/search',
    dataPlane: 'sidecar',
    ...{ callerNode: '', calleeNode: 'n1', zonePair: 'z1 z1', calleeVersion: 'v7' },
    ...{ attempts: 1, backoffNs: 0, wastedNs: 0, error, status: error ? 503 : 200, flags: 0 },
  } as const
  const entryKnown = random() < 0.97
  const hops: TraceAnalysis['hops'] = [
    {
      ...hop,
      ...{
        hopId: idIn(place.environment, hopIds.entry),
        kind: 'entry',
        transit: entryKnown ? exact(transitNs) : unknown,
      },
      segments: entryKnown ? segments : [],
    },
    {
      ...hop,
      ...{
        hopId: idIn(place.environment, hopIds.internal),
        kind: 'internal',
        caller: { service: 'checkout', spanId: 'c'.repeat(16) },
      },
      ...{ callee: { service: 'cart', spanId: 'd'.repeat(16) }, via: [], viaProxyIds: [], start: 2000 },
      transit: random() < 0.6 ? exact(wireNs) : bounded(wireNs * 2),
      segments: [{ class: 'wire', ownerSpanId: 'c'.repeat(16), ns: wireNs, fidelity: 'exact' }],
    },
  ]

  const path = [
    ['gateway.proc', gatewayNs],
    ['wire', wireNs],
    ['proxy.in', sidecarNs],
    ['app', Math.floor(appNs / 3)],
    ['app', appNs - Math.floor(appNs / 3)],
  ] as const
  let start = 0
  const estimateNs = random() < 0.5 ? sidecarNs : null
  return {
    ...place,
    traceId,
    baseUnixNano,
    start: 0,
    duration: lost ? null : duration,
    rootService: 'edge',
    rootName: checkout ? 'POST /checkout' : 'GET /search',
    route: checkout ? '/checkout' : '/search',
    flags: (lost ? 4096 : 0) | (random() < 0.1 ? 64 : 0),
    error,
    services: ['edge', 'checkout', 'cart'],
    shapeId: '00000000000000ff',
    weight: 1,
    spans: [],
    queueWaits: [],
    exchanges: [],
    edges: [],
    lateEnds: [],
    proxies: [gateway, sidecar, ...rare],
    hops,
    criticalPath: lost
      ? []
      : path.map(([cls, ns]) => ({ spanId: 'a'.repeat(16), class: cls, leg: 'self', start: (start += ns) - ns, ns })),
    tax: {
      mesh: { lowerNs: 0, upperNs: sidecarNs + wireNs, estimateNs, share: 0, removableNs: 0, workNs: 0 },
      gateway: { lowerNs: gatewayNs, upperNs: gatewayNs, estimateNs: gatewayNs, share: 0, removableNs: 0, workNs: 0 },
    },
  }
}

function identityOf(place: { environment: string; cluster: string; namespace: string }, which: keyof typeof proxyIds) {
  const proxyId = idIn(place.environment, proxyIds[which])
  if (which === 'gateway')
    return { ...place, proxyId, family: 'krakend', workload: 'edge', role: 'gateway', name: 'Edge' } as const
  const workload = which === 'sidecar' ? 'checkout' : 'cart'
  return { ...place, proxyId, family: 'envoy', workload, role: 'sidecar-inbound', name: workload } as const
}

const unknown: Measure = { ns: null, loNs: null, hiNs: null, fidelity: 'unknown', reasons: ['missing_callee'] }
const exact = (ns: number): Measure => ({ ns, loNs: ns, hiNs: ns, fidelity: 'exact', reasons: [] })
const bounded = (hiNs: number | null): Measure => ({ ns: null, loNs: 0, hiNs, fidelity: 'bounded', reasons: [] })
const modelled = (ns: number): Measure => ({ ns, loNs: 0, hiNs: 2 * ns, fidelity: 'modelled', reasons: [] })

let lastJob = 0n

/** One job of the finaliser with facts of these traces, which replace what `replaces` wrote of them. */
export async function writeTraces(
  clickhouse: ClickHouse,
  traces: readonly TraceAnalysis[],
  replaces?: bigint,
): Promise<bigint> {
  const byClock = BigInt(Date.now()) << 21n
  const job = (lastJob = byClock > lastJob ? byClock : lastJob + 1n)
  const settledAt = settledAtOf(job)
  const blocks = factBlocks()
  const revision = replaces === undefined ? 0 : 1
  const flags = replaces === undefined ? 0 : lateRevisionFlag
  const rollups = noRollups()
  for (const trace of traces) {
    foldAnalysis(rollups, trace, flags)
    pushFacts(blocks, trace, { job, settledAt, revision, spanRows: 6 + revision, flags })
    for (const { identity } of trace.proxies) pushProxyName(blocks, identity, settledAt)
    for (const hop of trace.hops) pushHopName(blocks, hop, settledAt)
  }
  const replaced: FactsOfTrace[] =
    replaces === undefined
      ? []
      : traces.map(({ traceId }) => ({
          ...{ traceId, revision: 0, job: replaces, spanRows: 6, firstMinute: 0, lastMinute: 0 },
        }))
  if (replaced.length > 0) await takeBack(clickhouse, rollups, replaced)
  const bytes = Object.fromEntries(Object.entries(blocks).map(([name, block]) => [name, block.toBytes()]))
  await writeJob(
    { clickhouse, finaliser: 'test', onStep: () => undefined },
    {
      job,
      replaced,
      watermarkMs: () => Date.now(),
      result: {
        blocks: bytes as Record<keyof typeof blocks, Uint8Array>,
        pages: new Uint8Array(),
        rollups: rollupBlocks(rollups),
        learned: learnedBlocks(nothingLearned, settledAt),
        ...{ warnings: [], written: traces.length, revised: [], failed: [], spans: 0, duplicates: 0, stages: {} },
      },
    },
  )
  return job
}

/** Numbers 0..1 that are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

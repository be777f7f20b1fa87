/** An overview for tests: an hour in which a gateway began to add time at p99. */
import type { Mover, Overview } from '../../../server/api/contract-measurements.ts'
import type { Distribution, SegmentClass } from '../../../server/api/contract.ts'

const ms = 1e6

/** Quantiles p50 to p99.9 in ms; what the claim table forbids for `n` is left out. */
export function distribution(n: number, [p50, p75, p90, p95, p99, p999]: number[]): Distribution {
  const claimed = (value: number | undefined, needed: number) =>
    value === undefined || n < needed ? null : Math.round(value * ms)
  return {
    n,
    coverage: 1,
    fidelity: 'exact',
    p50Ns: claimed(p50, 200),
    p75Ns: claimed(p75, 200),
    p90Ns: claimed(p90, 200),
    p95Ns: claimed(p95, 400),
    p99Ns: claimed(p99, 2_000),
    p999Ns: claimed(p999, 20_000),
    maxNs: Math.round((p999 ?? 0) * 1.5 * ms),
    meanNs: Math.round((p50 ?? 0) * 1.2 * ms),
    reasons: [],
  }
}

export const egress: Mover = {
  kind: 'proxy',
  id: 'a'.repeat(16),
  name: 'mesh-egress',
  metric: 'added',
  fidelity: 'modelled',
  q: 0.99,
  beforeNs: 3.8 * ms,
  afterNs: 22.1 * ms,
  diffNs: 18.3 * ms,
  nBefore: 90_000,
  n: 91_204,
}

const p99Classes: Partial<Record<SegmentClass, number>> = {
  app: 309.6,
  'gateway.proc': 31.7,
  'proxy.proc': 12.4,
  'proxy.in': 5.8,
  'proxy.out+wire': 8,
  loopback: 1,
  wire: 9.6,
  retry: 27.1,
  unknown: 6.8,
}

function split(q: number, classes: Partial<Record<SegmentClass, number>>) {
  const entries = Object.entries(classes) as [SegmentClass, number][]
  const totalNs = entries.reduce((sum, [, value]) => sum + Math.round(value * ms), 0)
  const parts = entries.map(([name, value]) => ({
    class: name,
    ns: Math.round(value * ms),
    share: (value * ms) / totalNs,
  }))
  return { q, totalNs, n: 1_203, classes: parts }
}

export function exampleOverview(changes: Partial<Overview> = {}): Overview {
  return {
    from: '1764000000000000000',
    to: '1764003600000000000',
    requests: 120_311,
    errors: 361,
    errorRate: 0.003,
    hopsPerRequest: 4.1,
    endToEnd: distribution(120_311, [61.4, 90, 140, 188, 412, 700]),
    endToEndBefore: distribution(118_204, [59.3, 88, 130, 164, 286, 500]),
    splits: [split(0.99, p99Classes)],
    meshTax: null,
    gatewayTax: null,
    worstProxies: [],
    worstHops: [],
    movers: [egress],
    coverage: {
      traces: 120_900,
      withRoot: 0.975,
      completePath: 0.934,
      layers: [],
      deciles: [],
      hops: { requests: 480_000, unknown: 12_030 },
      proxies: { requests: 320_000, unknown: 21_100 },
      reasons: [],
    },
    series: { stepMs: 60_000, points: [] },
    firing: [],
    ...changes,
  }
}

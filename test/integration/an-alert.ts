import type { Alert } from '../../server/api/contract-alerts.ts'

/** A proxy that became slower, with all that there is to say of it. */
export const anAlert: Alert = {
  ...{ id: 'a'.repeat(16), ruleId: 'b'.repeat(16), ruleName: 'r', kind: 'regression', measure: 'added', quantile: 0.5 },
  series: { kind: 'proxy', id: 'c'.repeat(16), name: 'cart <1>', fidelity: 'modelled' },
  ...{ state: 'firing', dataOk: true, sinceUnixNano: '1700000000000000000', firedUnixNano: '1700000600000000000' },
  ...{
    startedAtUnixNano: '1699999980000000000',
    evaluatedUnixNano: '1700000600000000000',
    value: 2_800_000,
    before: 2_000_000,
  },
  ...{ change: { ratio: 1.4, lo: 1.3, hi: 1.5 }, windowMs: 900_000, n: 900, pages: true, quiet: null, partOf: null },
  cause: {
    predicate: [{ key: 'version', value: '1.29' }],
    effect: { ns: 800_000, loNs: null, hiNs: null, fidelity: 'modelled', reasons: [] },
    explained: 0.97,
  },
  ...{ symptoms: [], exemplars: [], exemplarsBefore: [], labels: { severity: 'warning' }, fingerprint: 'proxy:c' },
  events: [{ atUnixNano: '1699999970000000000', kind: 'deploy', title: 'cart 1.29', source: 'told' }],
  ...{ silencedUntilUnixNano: null, silencedBy: null, acknowledged: null },
}

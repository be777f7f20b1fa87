import { AlertRuleBody, subjectOf, type AlertMeasure, type RegressionRule } from '../api/contract-alert-rules.ts'
import type { Bar } from './regression.ts'
import type { Patience } from './state.ts'

/** A rule in force. */
export interface Rule {
  /** 16 hex digits. */
  readonly id: string
  readonly body: AlertRuleBody
}

/** Those that there are without anybody's doing, by id; they may be changed and turned off. */
export const builtInRules: ReadonlyMap<string, AlertRuleBody> = new Map(
  (
    [
      ['Proxies that add more than they did, p50', 'added', 0.5],
      ['Proxies that add more than they did, p95', 'added', 0.95],
      ['Hops that take longer than they did, p50', 'transit', 0.5],
      ['Requests that take longer than they did, p50', 'endToEnd', 0.5],
    ] as const
  ).map(([name, measure, quantile], i) => [
    (i + 1).toString(16).padStart(16, '0'),
    AlertRuleBody.parse({ kind: 'regression', name, measure, quantile }),
  ]),
)

const leastEvaluations = 3
/** ms */
export const regressionWindowMs = 15 * 60_000

/** How long a rule waits. A regression is looked at three times at least, as is what is to be met for as long as that takes. */
export function patienceOf({ kind, forMs, keepFiringMs }: AlertRuleBody, intervalMs: number): Patience {
  const evaluations =
    kind === 'regression' ? leastEvaluations : Math.min(leastEvaluations, 1 + Math.floor(forMs / intervalMs))
  return { forMs, leastEvaluations: evaluations, keepFiringMs }
}

const leastNs = { proxy: 200_000, hop: 200_000, trace: 5_000_000 }

export const barOf = ({ relMin, absMinNs, q, minCount, measure }: RegressionRule): Bar => ({
  ...{ relMin, q, minCount },
  absMinNs: absMinNs ?? leastNs[subjectOf[measure]],
})

/** What rollups call a measure; of shares, what is over end-to-end time. */
export const metricOf = (measure: AlertMeasure): string =>
  measure === 'meshTaxShare' ? 'meshTax' : measure === 'gatewayTaxShare' ? 'gatewayTax' : measure

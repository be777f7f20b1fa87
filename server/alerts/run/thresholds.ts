import type { ClickHouse } from '../../../storage/clickhouse.ts'
import {
  isShare,
  subjectOf,
  type AlertMeasure,
  type BudgetRule,
  type ThresholdRule,
} from '../../api/contract-alert-rules.ts'
import { levelsOf, readAlertLevels, seenOf, type Levels, type Seen } from '../../queries/alerts/observed.ts'
import { isAbout, labelOf, type Subjects } from '../../queries/alerts/subjects.ts'
import type { QueryOf } from '../../queries/query-of.ts'
import { claimedQuantiles } from '../../statistics/claims.ts'
import type { Evaluated } from '../book.ts'
import type { Rule } from '../rule.ts'
import { budgetFinding, burnRate, spentOf, thresholdFinding, type Burning, type Spent } from '../threshold.ts'

type Sized = ThresholdRule | BudgetRule

/** Windows that rules look at, each read once for all of them. */
interface Needed {
  readonly windowMs: number
  readonly measures: Set<AlertMeasure>
  histograms: boolean
}

const minute = 60_000

/** What all threshold and budget rules find at `atMs`, by rule. Windows end at the last whole minute. */
export async function evaluateThresholds(
  clickhouse: ClickHouse,
  { rules, subjects, atMs }: { rules: readonly Rule[]; subjects: Subjects; atMs: number },
  options: QueryOf,
): Promise<Map<string, Evaluated[]>> {
  const sized = rules.flatMap(({ id, body }) => (body.kind === 'regression' ? [] : [{ id, body }]))
  const toMs = Math.floor(atMs / minute) * minute
  const read = new Map<number, Levels>()
  for (const { windowMs, measures, histograms } of neededBy(sized.map(({ body }) => body))) {
    const window = { fromMs: toMs - windowMs, toMs }
    const asked = { window, measures: [...measures], histograms }
    read.set(
      windowMs,
      levelsOf(await readAlertLevels(clickhouse, asked, { ...options, queryId: `${options.queryId}-${windowMs}` })),
    )
  }
  return new Map(sized.map(({ id, body }) => [id, evaluateSized(body, subjects, (windowMs) => read.get(windowMs)!)]))
}

function neededBy(rules: readonly Sized[]): Needed[] {
  const needed = new Map<number, Needed>()
  for (const rule of rules) {
    for (const windowMs of windowsOf(rule)) {
      let one = needed.get(windowMs)
      if (!one) needed.set(windowMs, (one = { windowMs, measures: new Set(), histograms: false }))
      one.measures.add(rule.measure)
      one.histograms ||= needsHistograms(rule)
    }
  }
  return [...needed.values()]
}

export const windowsOf = (rule: Sized): number[] =>
  rule.kind === 'threshold'
    ? [rule.windowMs]
    : [...new Set(rule.objective.burnRates.flatMap(({ longMs, shortMs }) => [longMs, shortMs]))]

export const needsHistograms = (rule: Sized): boolean =>
  rule.kind === 'budget' || (!isShare(rule.measure) && !(claimedQuantiles as readonly number[]).includes(rule.quantile))

/** @param levels of a window of so many ms. */
export function evaluateSized(rule: Sized, subjects: Subjects, levels: (windowMs: number) => Levels): Evaluated[] {
  const kind = subjectOf[rule.measure]
  const windows = windowsOf(rule)
  const longest = levels(Math.max(...windows))
  const { proxy, hop } = rule.filter
  const only = kind === 'proxy' ? proxy : kind === 'hop' ? hop : undefined
  const found: Evaluated[] = []
  for (const id of only === undefined ? longest.keys() : [only]) {
    if (!isAbout(rule.filter, subjects, kind, id)) continue
    const at = (windowMs: number) => {
      const metrics = levels(windowMs).get(id)
      const q = rule.kind === 'threshold' ? rule.quantile : null
      return metrics && seenOf(metrics, { measure: rule.measure, q, fidelity: rule.filter.fidelity })
    }
    const seen = at(Math.max(...windows))
    if (!seen) continue
    const series = { kind, id, name: labelOf(subjects, kind, id), fidelity: seen.fidelity }
    found.push({ series, pages: true, ...(rule.kind === 'threshold' ? compared(rule, seen) : burnt(rule, at)) })
  }
  return found
}

export function compared(rule: ThresholdRule, seen: Seen | undefined): Pick<Evaluated, 'finding' | 'value' | 'n'> {
  const share = isShare(rule.measure)
  const value = (share ? rule.value : rule.valueNs)!
  const resolve = (share ? rule.resolveValue : rule.resolveValueNs) ?? value
  const limit = { op: rule.op, value, resolve, quantile: share ? null : rule.quantile, minCount: rule.minCount }
  return { finding: thresholdFinding(limit, seen), value: seen?.value ?? null, n: seen?.n ?? 0 }
}

const nothing: Spent = { n: 0, over: 0 }

export function burnt(
  rule: BudgetRule,
  at: (windowMs: number) => Seen | undefined,
): Pick<Evaluated, 'finding' | 'value' | 'n'> {
  const spent = (windowMs: number) => {
    const seen = at(windowMs)
    return seen?.histogram ? spentOf(seen.histogram, rule.valueNs) : nothing
  }
  const { share, burnRates } = rule.objective
  const windows: Burning[] = burnRates.map(({ rate, longMs, shortMs }) => ({
    rate,
    long: spent(longMs),
    short: spent(shortMs),
  }))
  const [first] = windows
  return {
    finding: budgetFinding(windows, share, rule.minCount),
    value: burnRate(first!.long, share),
    n: first!.long.n,
  }
}

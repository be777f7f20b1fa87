import type { ClickHouse } from '../../storage/clickhouse.ts'
import { budgetFinding, burnRate, spentOf, type Spent } from '../alerts/threshold.ts'
import { lifeOf, type Point } from '../alerts/preview.ts'
import { patienceOf } from '../alerts/rule.ts'
import { compared, needsHistograms, windowsOf } from '../alerts/run/thresholds.ts'
import { levelsOf, readAlertLevels, seenOf } from '../queries/alerts/observed.ts'
import { isAbout, labelOf, readSubjects } from '../queries/alerts/subjects.ts'
import type { LevelRow } from '../queries/distributions.ts'
import { partOf, type QueryOf } from '../queries/query-of.ts'
import type { Window } from '../queries/rollup-window.ts'
import { claimedQuantiles } from '../statistics/claims.ts'
import { keyAt, merge } from '../statistics/histogram.ts'
import {
  isShare,
  subjectOf,
  type AlertPreview,
  type AlertRuleBody,
  type BudgetRule,
  type PreviewSeries,
  type ThresholdRule,
} from './contract-alert-rules.ts'
import type { Fidelity } from './contract.ts'

const minute = 60_000
const day = 24 * 60 * minute
/** Rows that are read at most: of one step of one series each. */
const mostRows = { plain: 30_000, histograms: 8_000 }
const mostShown = 10

/** One that a rule is about, and its level. */
export interface Subject {
  readonly kind: 'proxy' | 'hop' | 'trace'
  readonly id: string
  readonly name: string
  readonly fidelity: Fidelity
}

/** Those that a rule is about with requests in a window, the busiest first. */
export async function subjectsOf(
  clickhouse: ClickHouse,
  rule: AlertRuleBody,
  window: Window,
  options: QueryOf,
): Promise<Subject[]> {
  const { measure, filter } = rule
  const kind = subjectOf[measure]
  const only = filter.proxy ?? filter.hop
  const [subjects, rows] = await Promise.all([
    readSubjects(clickhouse, partOf(options, 'names'), kind === 'trace' ? window : undefined),
    readAlertLevels(
      clickhouse,
      { window, measures: [measure], ids: only === undefined ? [] : [only], histograms: false },
      partOf(options, 'levels'),
    ),
  ])
  return [...levelsOf(rows)]
    .filter(([id]) => isAbout(filter, subjects, kind, id))
    .flatMap(([id, metrics]) => {
      const seen = seenOf(metrics, { measure, q: null, fidelity: filter.fidelity })
      return seen ? [{ kind, id, name: labelOf(subjects, kind, id), fidelity: seen.fidelity, n: seen.n }] : []
    })
    .sort((a, b) => b.n - a.n)
}

/** What a threshold or a budget would have done. Evaluations are a minute apart, over more than a day five minutes, over more than a week an hour. */
export async function previewSize(
  clickhouse: ClickHouse,
  rule: ThresholdRule | BudgetRule,
  { fromMs, toMs }: Window,
  options: QueryOf,
): Promise<AlertPreview> {
  const stepMs = toMs - fromMs <= day ? minute : toMs - fromMs <= 7 * day ? 5 * minute : 60 * minute
  const [from, to] = [Math.floor(fromMs / stepMs) * stepMs, Math.floor(toMs / stepMs) * stepMs]
  const back = Math.ceil(Math.max(...windowsOf(rule)) / stepMs) * stepMs
  const window = { fromMs: from - back, toMs: to }
  const all = await subjectsOf(clickhouse, rule, window, options)
  const steps = Math.max(1, (to - from + back) / stepMs)
  const isWhole = needsHistograms(rule) || back > stepMs
  const looked = all.slice(0, Math.max(1, Math.floor((isWhole ? mostRows.histograms : mostRows.plain) / steps)))
  const rows =
    looked.length === 0
      ? []
      : await readAlertLevels(
          clickhouse,
          {
            window,
            measures: [rule.measure],
            ids: looked.map(({ id }) => id),
            histograms: isWhole && !isShare(rule.measure),
            stepMs,
          },
          partOf(options, 'steps'),
        )
  const patience = patienceOf(rule, stepMs)
  const series = looked.map((subject) => {
    const points = pointsOf(
      rule,
      subject,
      rows.filter(({ id }) => id === subject.id),
      { from, to, back, stepMs },
    )
    return seriesOf(subject, points, patience)
  })
  return previewOf(series, { from, to, stepMs, of: all.length })
}

export function seriesOf(
  { id, name, fidelity }: Subject,
  points: readonly Point[],
  patience: Parameters<typeof lifeOf>[1],
): PreviewSeries {
  const { fired, stretches } = lifeOf(points, patience)
  return {
    ...{ id, name, fidelity, fired },
    points: points.map(({ atMs, value, n, finding }) => ({
      startUnixNano: nano(atMs),
      n,
      value: finding === 'unknown' ? null : value,
    })),
    states: stretches.map(({ fromMs, toMs, state, dataOk }) => ({
      fromUnixNano: nano(fromMs),
      toUnixNano: nano(toMs),
      state,
      dataOk,
    })),
  }
}

export const previewOf = (
  series: PreviewSeries[],
  { from, to, stepMs, of }: { from: number; to: number; stepMs: number; of: number },
): AlertPreview => ({
  ...{ from: nano(from), to: nano(to), stepMs, looked: series.length, of },
  fired: series.reduce((sum, { fired }) => sum + fired, 0),
  series: series.sort((a, b) => b.fired - a.fired).slice(0, mostShown),
})

const nano = (ms: number) => `${ms}000000`

interface Range {
  readonly from: number
  readonly to: number
  readonly back: number
  readonly stepMs: number
}

/** Evaluations at every step of [from, to], each of the windows that end there. */
function pointsOf(
  rule: ThresholdRule | BudgetRule,
  subject: Subject,
  rows: readonly LevelRow[],
  range: Range,
): Point[] {
  const { from, to, back, stepMs } = range
  const byStep = new Map<number, LevelRow[]>()
  for (const row of rows) byStep.set(row.startSeconds * 1000, [...(byStep.get(row.startSeconds * 1000) ?? []), row])
  const ends: number[] = []
  for (let end = from; end <= to; end += stepMs) ends.push(end)
  if (rule.kind === 'budget') return burns(rule, subject, byStep, { ...range, ends })
  return ends.map((end): Point => {
    const own: LevelRow[] = []
    for (let at = end - back; at < end; at += stepMs) own.push(...(byStep.get(at) ?? []))
    const seen = seenOf(metricsOf(own), { measure: rule.measure, q: rule.quantile, fidelity: levelOf(subject) })
    return { atMs: end, ...compared(rule, seen) }
  })
}

const levelOf = ({ fidelity }: Subject) => (fidelity === 'unknown' ? undefined : fidelity)

/** Rows of several steps as those of one window. */
function metricsOf(rows: readonly LevelRow[]): Map<string, LevelRow[]> {
  const byLevel = new Map<string, LevelRow[]>()
  for (const row of rows) {
    const key = `${row.metric} ${row.fidelity}`
    byLevel.set(key, [...(byLevel.get(key) ?? []), row])
  }
  const metrics = new Map<string, LevelRow[]>()
  for (const own of byLevel.values()) {
    const { metric } = own[0]!
    metrics.set(metric, [...(metrics.get(metric) ?? []), own.length === 1 ? own[0]! : together(own)])
  }
  return metrics
}

function together(rows: readonly LevelRow[]): LevelRow {
  const sum = (of: (row: LevelRow) => number) => rows.reduce((all, row) => all + of(row), 0)
  const histogram = merge(rows.flatMap((row) => row.histogram ?? []))
  return {
    ...rows[0]!,
    ...{ requests: sum((row) => row.requests), errors: sum((row) => row.errors), n: sum((row) => row.n) },
    population: {
      requests: sum((row) => row.population.requests),
      errors: sum((row) => row.population.errors),
      n: sum((row) => row.population.n),
    },
    ...{ total: sum((row) => row.total), weightUnknown: sum((row) => row.weightUnknown) },
    quantileKeys: claimedQuantiles.flatMap((q) => keyAt(histogram, q) ?? []),
    histogram,
  }
}

function burns(
  rule: BudgetRule,
  subject: Subject,
  byStep: ReadonlyMap<number, LevelRow[]>,
  { from, back, stepMs, ends }: Range & { ends: readonly number[] },
): Point[] {
  // Sums from the first step on, so that every window is a difference.
  const sums: Spent[] = [{ n: 0, over: 0 }]
  for (let at = from - back; at < ends.at(-1)!; at += stepMs) {
    const row = byStep.get(at)?.find(({ fidelity }) => fidelity === subject.fidelity)
    const { n, over } = row?.histogram ? spentOf(row.histogram, rule.valueNs) : { n: 0, over: 0 }
    const last = sums.at(-1)!
    sums.push({ n: last.n + n, over: last.over + over })
  }
  const spent = (end: number, ms: number): Spent => {
    const last = (end - from + back) / stepMs
    const first = Math.max(0, last - Math.max(1, Math.round(ms / stepMs)))
    return { n: sums[last]!.n - sums[first]!.n, over: sums[last]!.over - sums[first]!.over }
  }
  const { share, burnRates } = rule.objective
  return ends.map((end): Point => {
    const windows = burnRates.map(({ rate, longMs, shortMs }) => ({
      rate,
      long: spent(end, longMs),
      short: spent(end, shortMs),
    }))
    const { long } = windows[0]!
    return { atMs: end, finding: budgetFinding(windows, share, rule.minCount), value: burnRate(long, share), n: long.n }
  })
}

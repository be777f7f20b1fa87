/** From an alert to what shows it: the window around its beginning, the series of what it is about, and pages with both filled in. */
import type { AlertRule } from '../../../server/api/contract-alert-rules.ts'
import type { Alert } from '../../../server/api/contract-alerts.ts'
import type { Overview, Series } from '../../../server/api/contract-measurements.ts'
import type { Quantiles } from '../format/figure.ts'
import { apiPath } from '../api/get.ts'
import { msOf } from '../format/time.ts'
import { bodyOf, draftOfRule } from './draft.ts'
import { begunOf, isShare, subjectOf } from './words.ts'
import type { ValuePoint } from './value-chart.ts'

const minute = 60_000
const hour = 60 * minute

/** As long before its beginning as since, an hour at least and a day at most; to now, of one that is over to half an hour after. */
export function windowOf(alert: Alert, nowMs: number): { fromMs: number; toMs: number } {
  const begun = msOf(begunOf(alert))
  const isOver = alert.state === 'resolved' || alert.state === 'stale'
  const end = isOver ? Math.min(nowMs, msOf(alert.evaluatedUnixNano) + hour / 2) : nowMs
  const long = Math.min(24 * hour, Math.max(hour, end - begun))
  return { fromMs: Math.floor((begun - long) / minute) * minute, toMs: Math.ceil(end / minute) * minute }
}

/** Where its values stand; null for a share or a burn rate, which no series has: they are those of its rule's preview. */
export function seriesAddress(alert: Alert, nowMs: number): string | null {
  const { measure, series, kind } = alert
  if (isShare(measure) || kind === 'budget') return null
  const { fromMs, toMs } = windowOf(alert, nowMs)
  const window = { from: fromMs, to: toMs }
  if (subjectOf(measure) === 'trace') return apiPath('/overview', { ...window, route: series.id })
  const fidelity = series.fidelity === 'unknown' ? '' : series.fidelity
  return apiPath(`/${series.kind === 'hop' ? 'hops' : 'proxies'}/${series.id}/series`, {
    ...window,
    metric: measure,
    fidelity,
  })
}

/** What its rule looked at, of what the alert is about alone, until now. */
export function previewOf(alert: Alert, stored: AlertRule, nowMs: number) {
  const rule = bodyOf(draftOfRule(stored))
  const { fromMs, toMs } = windowOf(alert, nowMs)
  const { kind, id: about } = alert.series
  const filter = { ...rule.filter, [kind === 'trace' ? 'route' : kind]: about }
  return { rule: { ...rule, filter, name: 'preview', targets: [], labels: {} }, from: String(fromMs), to: String(toMs) }
}

const keys: readonly (readonly [number, keyof Quantiles])[] = [
  [0.5, 'p50Ns'],
  [0.75, 'p75Ns'],
  [0.9, 'p90Ns'],
  [0.95, 'p95Ns'],
  [0.99, 'p99Ns'],
  [0.999, 'p999Ns'],
]

/** The quantile of the alert, of those that a series has the one nearest. */
export function pointsOf(answer: Series | Overview, quantile: number | null): { points: ValuePoint[]; stepMs: number } {
  const { points, stepMs } = 'series' in answer ? answer.series : answer
  const wanted = quantile ?? 0.5
  const [, key] = keys.reduce((best, one) => (Math.abs(one[0] - wanted) < Math.abs(best[0] - wanted) ? one : best))
  return { points: points.map((p) => ({ ms: msOf(p.startUnixNano), value: p[key], n: p.n })), stepMs }
}

/** Screen and query of what the alert is about, from before it began until now, compared with the time before. */
export function pageOf(alert: Alert, nowMs: number): { path: string; query: Record<string, string> } {
  const { series } = alert
  const begun = msOf(begunOf(alert))
  const isOver = alert.state === 'resolved' || alert.state === 'stale'
  const end = isOver ? msOf(alert.evaluatedUnixNano) : nowMs
  const to = Math.ceil(Math.max(end, begun + 10 * minute) / minute) * minute
  const window = { from: String(begun), to: String(to) }
  const level: Record<string, string> = series.fidelity === 'unknown' ? {} : { level: series.fidelity }
  if (series.kind === 'trace') return { path: '/', query: { ...window, vs: 'before', route: series.id } }
  const metric: Record<string, string> =
    alert.measure === 'added' || series.kind === 'hop' ? {} : { metric: alert.measure }
  const path = `/${series.kind === 'hop' ? 'hops' : 'proxies'}/${series.id}`
  return { path, query: { ...window, vs: 'before', ...metric, ...(series.kind === 'proxy' && level) } }
}

/** Compare, the time before it began against the time since. */
export function compareOf(alert: Alert, nowMs: number): Record<string, string> | null {
  const { series, measure } = alert
  if (series.kind === 'trace' || !['added', 'overhead', 'transit'].includes(measure)) return null
  const { query } = pageOf(alert, nowMs)
  const q = `${series.kind} = ${series.id}`
  return { a: q, b: q, measure, time: 'before', from: query['from']!, to: query['to']! }
}

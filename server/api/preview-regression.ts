import type { ClickHouse } from '../../storage/clickhouse.ts'
import { advance, newMinutes, putMinute } from '../alerts/minutes.ts'
import type { Point } from '../alerts/preview.ts'
import { judge } from '../alerts/regression.ts'
import { barOf, patienceOf } from '../alerts/rule.ts'
import { inactive, step } from '../alerts/state.ts'
import { shiftsAt, watch, type Watched } from '../alerts/windows.ts'
import { readKeptMinutes, readMinutes, type MinuteQuantiles } from '../queries/alerts/minutes.ts'
import type { QueryOf } from '../queries/query-of.ts'
import type { Window } from '../queries/rollup-window.ts'
import { previewOf, seriesOf, subjectsOf } from './preview-size.ts'
import { subjectOf, type AlertPreview, type RegressionRule } from './contract-alert-rules.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** Series that are looked at: each is one of thousands of comparisons with its past. */
const mostSeries = 12
const stepMs = 5 * minute

/**
 * What a regression rule would have done. The chance of a shift is that among the series looked at, which are not all: what few series
 * would have done together may differ a little from what they do among many. Baselines are those of quiet times: no release moves them.
 */
export async function previewRegression(
  clickhouse: ClickHouse,
  rule: RegressionRule,
  { fromMs, toMs }: Window,
  options: QueryOf,
): Promise<AlertPreview> {
  const [from, to] = [Math.floor(fromMs / stepMs) * stepMs, Math.floor(toMs / stepMs) * stepMs]
  const all = await subjectsOf(clickhouse, rule, { fromMs: from, toMs: to }, options)
  const looked = all.slice(0, to - from <= day ? mostSeries : Math.ceil(mostSeries / 4))
  if (looked.length === 0) return previewOf([], { from, to, stepMs, of: 0 })
  const minutes = await minutesOf(
    clickhouse,
    rule,
    looked.map(({ id }) => id),
    { fromMs: from, toMs: to },
  )
  const watched: Watched[] = looked.map(() => watch(newMinutes()))
  const queues = looked.map(({ id, fidelity }) => minutes.filter((one) => one.id === id && one.fidelity === fidelity))
  const next = looked.map(() => 0)
  const points: Point[][] = looked.map(() => [])
  const bar = barOf(rule)
  const patience = patienceOf(rule, stepMs)
  const states = looked.map(() => inactive(from - 1))
  const kept: (readonly number[])[] = looked.map(() => [])
  const isActive = (i: number) => ['pending', 'firing', 'keep', 'stale'].includes(states[i]!.phase)
  for (let atMs = from; atMs <= to; atMs += stepMs) {
    const end = atMs / minute
    const family = watched.map((series, i) => {
      for (let one; (one = queues[i]![next[i]!]) && one.minute < end; next[i]!++)
        putMinute(series.minutes, one.minute, rule.quantile === 0.95 ? one.p95 : one.p50, one.n)
      advance(series.minutes, end)
      const since = Math.floor(states[i]!.sinceMs / minute)
      if (isActive(i)) series.incidents.push({ from: since - 1, to: end })
      const reference = isActive(i) ? { pin: since, kept: kept[i]! } : {}
      return { series, shifts: shiftsAt(series, end, reference), isActive: isActive(i) }
    })
    judge(family, bar).forEach(({ finding, shift, steady }, i) => {
      const wasActive = isActive(i)
      states[i] = step(states[i]!, atMs, finding, patience, steady * minute)
      if (!wasActive && shift) kept[i] = shift.baseline
      points[i]!.push({ atMs, finding, value: shift && shift.ratio, n: shift?.n ?? 0, steadyMs: steady * minute })
    })
  }
  const series = looked.map((subject, i) => seriesOf(subject, points[i]!, patience))
  return previewOf(series, { from, to, stepMs, of: all.length })
}

/** Minutes of nine days before and of the window itself: from those that were kept, and what was not, of two days, from rollups. */
async function minutesOf(
  clickhouse: ClickHouse,
  rule: RegressionRule,
  ids: readonly string[],
  { fromMs, toMs }: Window,
): Promise<MinuteQuantiles[]> {
  const found = new Map<string, MinuteQuantiles>()
  const key = ({ id, fidelity, minute }: MinuteQuantiles) => `${id} ${fidelity} ${minute}`
  const first = Math.floor((fromMs - 9 * day) / hour) * hour
  const hours = new Set<number>()
  for await (const one of readKeptMinutes(
    clickhouse,
    { fromMs: first, toMs: Math.ceil(toMs / hour) * hour },
    [rule.measure],
    ids,
  )) {
    if (one.kind !== subjectOf[rule.measure]) continue
    hours.add(Math.floor(one.minute / 60))
    found.set(key(one), one)
  }
  // Stretches of hours of which nothing was kept.
  const begin = Math.floor((fromMs - 2 * day) / hour)
  let open: number | null = null
  const stretches: Window[] = []
  for (let at = begin; at <= Math.ceil(toMs / hour); at++) {
    const isMissing = at < toMs / hour && !hours.has(at)
    if (isMissing) open ??= at
    else if (open !== null) {
      stretches.push({ fromMs: open * hour, toMs: Math.min(at * hour, toMs) })
      open = null
    }
  }
  for (const window of stretches)
    for (const one of await readMinutes(clickhouse, window, [rule.measure], ids)) found.set(key(one), one)
  return [...found.values()].sort((a, b) => a.minute - b.minute)
}

import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { AlertMeasure } from '../../api/contract-alert-rules.ts'
import type { Fidelity } from '../../api/contract.ts'
import {
  keepHour,
  readKeptHours,
  readKeptMinutes,
  readMinutes,
  watchedMetrics,
  type MinuteQuantiles,
} from '../../queries/alerts/minutes.ts'
import { advance, newMinutes, putMinute } from '../minutes.ts'
import { watch, type Watched } from '../windows.ts'

/** One metric of one entity at one level, and its quantiles by minute. */
export interface WatchedSeries {
  readonly kind: 'proxy' | 'hop' | 'trace'
  readonly metric: string
  readonly id: string
  readonly fidelity: Fidelity
  readonly p50: Watched
  /** Where a rule asks for it. */
  readonly p95: Watched | null
  /** The last minute with a request. */
  lastMinute: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** Minutes that are read again: late spans change them. */
const againMs = 10 * minuteMs
/** How far back minutes are made from rollups where they were not kept: placebos of two days. */
const madeMs = 2 * dayMs
const keptMs = 9 * dayMs
/** An hour is kept when it is over for so long that little can come late. */
const settledForMs = 20 * minuteMs
/** Nothing for so long, and a series is forgotten. */
const forgottenAfter = 3 * 1440

/** Minutes of all series that regression rules are about, kept up to date. */
export interface Watching {
  /** Brings them up to `toMs`, a whole minute. */
  update(toMs: number, wanted: Wanted): Promise<void>
  all(metric: AlertMeasure): Iterable<WatchedSeries>
  size(): number
}

/** Metrics that rules are about, and which of them p95 is wanted of. */
export interface Wanted {
  readonly metrics: ReadonlySet<string>
  readonly p95: ReadonlySet<string>
}

export function watching(clickhouse: ClickHouse): Watching {
  const series = new Map<string, WatchedSeries>()
  let loaded: Wanted | undefined
  let upToMs = 0
  let keptUpToMs = 0

  function put(wanted: Wanted, { kind, metric, id, fidelity, minute, n, p50, p95 }: MinuteQuantiles): void {
    const key = `${metric} ${id} ${fidelity}`
    let one = series.get(key)
    if (!one) {
      const of95 = wanted.p95.has(metric) ? watch(newMinutes()) : null
      series.set(key, (one = { kind, metric, id, fidelity, p50: watch(newMinutes()), p95: of95, lastMinute: minute }))
    }
    putMinute(one.p50.minutes, minute, p50, n)
    if (one.p95) putMinute(one.p95.minutes, minute, p95, n)
    one.lastMinute = Math.max(one.lastMinute, minute)
  }

  /** Keeps hours that are over, at a start those of two days. */
  async function keepHours(toMs: number): Promise<void> {
    const last = Math.floor((toMs - settledForMs) / hourMs) * hourMs
    const from = Math.max(keptUpToMs, Math.floor((toMs - madeMs) / hourMs) * hourMs)
    if (last <= from) return
    const kept = await readKeptHours(clickhouse, { fromMs: from, toMs: last })
    // Newest first: what a start that is ended early leaves out is the oldest.
    for (let hour = last - hourMs; hour >= from; hour -= hourMs) if (!kept.has(hour)) await keepHour(clickhouse, hour)
    keptUpToMs = last
  }

  const isWithin = (some: ReadonlySet<string>, all: ReadonlySet<string>) => [...some].every((one) => all.has(one))
  const covers = (before: Wanted | undefined, { metrics, p95 }: Wanted) =>
    before !== undefined && isWithin(metrics, before.metrics) && isWithin(p95, before.p95)

  return {
    async update(toMs, wanted) {
      const metrics = [...wanted.metrics].filter((metric) => watchedMetrics.includes(metric))
      await keepHours(toMs)
      if (!covers(loaded, wanted)) {
        series.clear()
        loaded = wanted
        const fromMs = Math.floor((toMs - keptMs) / hourMs) * hourMs
        for await (const one of readKeptMinutes(clickhouse, { fromMs, toMs: keptUpToMs }, metrics)) put(wanted, one)
        upToMs = keptUpToMs
      }
      const fromMs = Math.min(upToMs, toMs) - (upToMs === keptUpToMs ? 0 : againMs)
      if (metrics.length > 0 && fromMs < toMs)
        for (const one of await readMinutes(clickhouse, { fromMs, toMs }, metrics)) put(wanted, one)
      upToMs = Math.max(upToMs, toMs)
      for (const [key, one] of series) {
        if (toMs / minuteMs - one.lastMinute > forgottenAfter) series.delete(key)
        for (const watched of [one.p50, one.p95]) if (watched) advance(watched.minutes, toMs / minuteMs)
      }
    },
    *all(metric) {
      for (const one of series.values()) if (one.metric === metric) yield one
    },
    size: () => series.size,
  }
}

import { longestWindowMs, windowMs } from '../../analysis/clock/windows.ts'
import { wireKey, type WireRow } from '../../analysis/learned/wires.ts'
import type { Side } from '../../analysis/types.ts'
import { bucketKey, merge, quantiles, type Histogram } from '../../statistics/histogram.ts'
import { Buckets } from '../rollups/buckets.ts'
import { slotOf, slots } from '../slots.ts'
import { recentWindows, windowOf, type Windows } from './windows.ts'

export interface WireLearner {
  /** @param ns a separable pair's wire and wake-up time (D5). */
  add(from: Side, to: Side, atMs: number, ns: number): void
  /** Pairs that have become known, or have half as many values more than when they were told last. */
  learn(job: bigint): WireRow[]
}

interface Pair {
  readonly level: WireRow['level']
  readonly from: string
  readonly to: string
  /** Values by log bucket. */
  readonly counts: Buckets
  n: number
  /** Values of the trailing hour when they were told last. */
  told: number
  /** Since the last rows. */
  touched: boolean
}

/** Its pairs by `wireKey`, and those of each level that were asked for last. */
interface Window {
  readonly pairs: Map<string, Pair>
  readonly recent: Record<WireRow['level'], (Pair | undefined)[]>
}

const pairsPerWindow = 20_000
/** As many as a clock offset wants. */
const leastValues = 20

/** Learns how long the wire takes (D5): per pair of machines and of zones, over the trailing hour. Bounded memory. */
export function wireLearner(): WireLearner {
  const windows = recentWindows<Window>(newWindow)
  const touched = new Map<number, Set<string>>()
  const count = (level: WireRow['level'], from: string, to: string, atMs: number, ns: number) => {
    if (from === '' || to === '') return
    const pair = pairOf(windows.of(atMs), level, from, to)
    if (!pair) return
    pair.n++
    pair.counts.add(bucketKey(ns), 1)
    if (pair.touched) return
    pair.touched = true
    const fromMs = windowOf(atMs)
    touched.set(fromMs, (touched.get(fromMs) ?? new Set()).add(wireKey(level, from, to)))
  }
  return {
    add(from, to, atMs, ns) {
      count('machine', from.machine, to.machine, atMs, ns)
      count('zone', from.zone, to.zone, atMs, ns)
    },
    learn(job) {
      const rows: WireRow[] = []
      for (const [fromMs, keys] of touched)
        for (const key of keys) {
          const pair = windows.peek(fromMs)?.pairs.get(key)
          if (!pair) continue
          pair.touched = false
          const hour = trailingHour(windows, key, fromMs)
          const n = hour.reduce((sum, part) => sum + part.n, 0)
          if (n < Math.max(leastValues, 1.5 * pair.told)) continue
          pair.told = n
          const [floor, median] = quantiles(histogramOfAll(hour), [0.01, 0.5]).map((value) => Math.round(value!)) as [
            number,
            number,
          ]
          const { level, from, to } = pair
          rows.push({ windowMs: fromMs, job, fromMs, level, from, to, n, floor, median })
        }
      touched.clear()
      return rows
    },
  }
}

const newWindow = (): Window => ({
  pairs: new Map(),
  recent: { machine: new Array<Pair>(slots), zone: new Array<Pair>(slots) },
})

/** undefined: there is no room for it. */
function pairOf({ pairs, recent }: Window, level: WireRow['level'], from: string, to: string): Pair | undefined {
  const lately = level === 'machine' ? recent.machine : recent.zone
  const slot = (slotOf(from) + 3 * slotOf(to)) & (slots - 1)
  let pair = lately[slot]
  if (pair !== undefined && pair.from === from && pair.to === to) return pair
  const key = wireKey(level, from, to)
  pair = pairs.get(key)
  if (pair === undefined) {
    if (pairs.size >= pairsPerWindow) return undefined
    pairs.set(key, (pair = { level, from, to, counts: new Buckets(), n: 0, told: 0, touched: false }))
  }
  return (lately[slot] = pair)
}

function trailingHour(windows: Windows<Window>, key: string, fromMs: number): Pair[] {
  const parts: Pair[] = []
  for (let back = 0; back < longestWindowMs; back += windowMs) {
    const part = windows.peek(fromMs - back)?.pairs.get(key)
    if (part) parts.push(part)
  }
  return parts
}

const histogramOfAll = (pairs: readonly Pair[]): Histogram =>
  merge(
    pairs.map(({ counts }) => {
      const entries = counts.entries()
      return { keys: entries.map(([key]) => key), counts: entries.map(([, n]) => n) }
    }),
  )

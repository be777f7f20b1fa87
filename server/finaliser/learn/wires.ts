import { longestWindowMs, windowMs } from '../../analysis/clock/windows.ts'
import { wireKey, type WireRow } from '../../analysis/learned/wires.ts'
import type { Side } from '../../analysis/types.ts'
import { bucketKey, merge, quantiles, type Histogram } from '../../statistics/histogram.ts'
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
  readonly counts: Map<number, number>
  n: number
  /** Values of the trailing hour when they were told last. */
  told: number
  /** Since the last rows. */
  touched: boolean
}

type Window = Map<string, Pair>

const pairsPerWindow = 20_000
/** As many as a clock offset wants. */
const leastValues = 20

/** Learns how long the wire takes (D5): per pair of machines and of zones, over the trailing hour. Bounded memory. */
export function wireLearner(): WireLearner {
  const windows = recentWindows<Window>(() => new Map())
  const touched = new Map<number, Set<string>>()
  const count = (level: WireRow['level'], from: string, to: string, atMs: number, ns: number) => {
    if (from === '' || to === '') return
    const window = windows.of(atMs)
    const key = wireKey(level, from, to)
    let pair = window.get(key)
    if (!pair) {
      if (window.size >= pairsPerWindow) return
      window.set(key, (pair = { level, from, to, counts: new Map(), n: 0, told: 0, touched: false }))
    }
    const bucket = bucketKey(ns)
    pair.n++
    pair.counts.set(bucket, (pair.counts.get(bucket) ?? 0) + 1)
    if (pair.touched) return
    pair.touched = true
    const fromMs = windowOf(atMs)
    touched.set(fromMs, (touched.get(fromMs) ?? new Set()).add(key))
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
          const pair = windows.peek(fromMs)?.get(key)
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

function trailingHour(windows: Windows<Window>, key: string, fromMs: number): Pair[] {
  const parts: Pair[] = []
  for (let back = 0; back < longestWindowMs; back += windowMs) {
    const part = windows.peek(fromMs - back)?.get(key)
    if (part) parts.push(part)
  }
  return parts
}

const histogramOfAll = (pairs: readonly Pair[]): Histogram =>
  merge(pairs.map(({ counts }) => ({ keys: [...counts.keys()], counts: [...counts.values()] })))

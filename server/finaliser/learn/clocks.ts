import type { Interval } from '../../analysis/clock/intersection.ts'
import { tighten, type Edge } from '../../analysis/clock/network.ts'
import type { OffsetRow } from '../../analysis/clock/offsets.ts'
import {
  estimateWindow,
  leastSamples,
  longestWindowMs,
  windowMs,
  type Sample,
  type WindowEstimate,
} from '../../analysis/clock/windows.ts'
import { pairKeys } from '../../analysis/learned/pair-keys.ts'
import { slotOf, slots } from '../slots.ts'
import { recentWindows, windowOf, type Windows } from './windows.ts'

/** One exchange between two clocks, as the learner keeps it. `hash`: of its trace, 0 to 2^32, decides which are thinned out. */
export interface ClockSample extends Sample {
  readonly hash: number
}

export interface ClockLearner {
  add(from: string, to: string, sample: ClockSample): void
  /** What has become known or known better since it was asked last, and what contradicted the rest. */
  learn(job: bigint): { rows: OffsetRow[]; dropped: Edge[] }
  /** Exchanges kept. */
  size(): number
}

/** An ordered pair of clocks in one window. */
interface Pair {
  readonly from: string
  readonly to: string
  samples: ClockSample[]
  /** Samples with a greater hash are not kept. */
  mostHash: number
  /** Exchanges seen, and of those since the last estimate: all, and those that contradict it. */
  seen: number
  fresh: number
  against: number
  estimates: readonly WindowEstimate[]
  published: readonly OffsetRow[]
}

interface Window {
  readonly pairs: Map<string, Pair>
  /** Those that were asked for last. */
  readonly recent: (Pair | undefined)[]
  readonly dropped: Set<string>
  /** Since the last estimates. */
  touched: boolean
}

const samplesPerPair = 2_000
const samplesInAll = 400_000
const pairsPerWindow = 20_000

/** Learns clock offsets (algorithms.md section 4) from the exchanges of settled traces, in bounded memory. */
export function clockLearner(): ClockLearner {
  const windows = recentWindows<Window>(() => ({
    pairs: new Map(),
    recent: new Array<Pair>(slots),
    dropped: new Set(),
    touched: false,
  }))
  const touched = new Set<number>()
  return {
    add(from, to, sample) {
      const window = windows.of(sample.at)
      const pair = pairOf(window, from, to)
      if (!pair) return
      pair.seen++
      pair.fresh++
      pair.against += Number(contradicts(sample, pair.estimates))
      if (!window.touched) touched.add(windowOf(sample.at))
      window.touched = true
      if (sample.hash > pair.mostHash) return
      pair.samples.push(sample)
      if (pair.samples.length > samplesPerPair) thin(pair, samplesPerPair)
    },
    learn(job) {
      const rows: OffsetRow[] = []
      const dropped: Edge[] = []
      for (const fromMs of touched) {
        const window = windows.peek(fromMs)
        if (window) window.touched = false
        if (!window || !estimateDue(windows, window, fromMs)) continue
        const found = rowsOf(window, fromMs, job)
        rows.push(...found.rows)
        dropped.push(...found.dropped)
      }
      touched.clear()
      relieve(windows)
      return { rows, dropped }
    },
    size: () => sizeOf(windows),
  }
}

const keyOf = pairKeys()

function pairOf({ pairs, recent }: Window, from: string, to: string): Pair | undefined {
  const slot = (slotOf(from) + 3 * slotOf(to)) & (slots - 1)
  const last = recent[slot]
  if (last !== undefined && last.from === from && last.to === to) return last
  const key = keyOf(from, to)
  let pair = pairs.get(key)
  if (!pair && pairs.size < pairsPerWindow) {
    pair = { from, to, samples: [], mostHash: 2 ** 32, seen: 0, fresh: 0, against: 0, estimates: [], published: [] }
    pairs.set(key, pair)
  }
  return (recent[slot] = pair)
}

function contradicts({ at, lo, up }: Sample, estimates: readonly WindowEstimate[]): boolean {
  let last = estimates.length - 1
  while (last >= 0 && estimates[last]!.fromMs > at) last--
  const bounds = last < 0 ? null : estimates[last]!.bounds
  return bounds !== null && (up < bounds.lo || lo > bounds.up)
}

/** Thins by hash, so that what stays does not depend on the order in which exchanges came. */
function thin(pair: Pair, most: number): void {
  while (pair.samples.length > most) {
    pair.mostHash /= 2
    pair.samples = pair.samples.filter(({ hash }) => hash <= pair.mostHash)
  }
}

/** Estimates anew what has grown by half, or is contradicted by what came since. */
function estimateDue(windows: Windows<Window>, window: Window, fromMs: number): boolean {
  let any = false
  for (const pair of window.pairs.values()) {
    const grown = pair.fresh * 3 >= pair.seen
    const wrong = pair.against >= 3 && pair.against * 5 > pair.fresh
    if (pair.fresh === 0 || !(pair.estimates.length === 0 || grown || wrong)) continue
    const estimates = estimateWindow(history(windows, pair, fromMs), fromMs, fromMs + windowMs)
    if (estimates.length > 0) any = true
    pair.estimates = estimates
    pair.fresh = 0
    pair.against = 0
  }
  return any
}

/** By time; the hour before only where the window has too few of its own. */
function history(windows: Windows<Window>, pair: Pair, fromMs: number): Sample[] {
  const samples = [...pair.samples]
  const key = keyOf(pair.from, pair.to)
  for (let back = windowMs; samples.length < leastSamples && back < longestWindowMs; back += windowMs)
    samples.push(...(windows.peek(fromMs - back)?.pairs.get(key)?.samples ?? []))
  return samples.sort((a, b) => a.at - b.at)
}

/** All pairs of a window, tightened against each other for each stretch in which no clock stepped. */
function rowsOf(window: Window, windowFromMs: number, job: bigint): { rows: OffsetRow[]; dropped: Edge[] } {
  const pairs = [...window.pairs.values()]
  const borders = new Set([windowFromMs, windowFromMs + windowMs])
  for (const { estimates } of pairs) for (const { fromMs, toMs } of estimates) borders.add(fromMs).add(toMs)
  const times = [...borders].sort((a, b) => a - b)
  const found = new Map<Pair, OffsetRow[]>(pairs.map((pair) => [pair, []]))
  const dropped: Edge[] = []
  for (let i = 1; i < times.length; i++) {
    const [fromMs, toMs] = [times[i - 1]!, times[i]!]
    const now = ({ estimates }: Pair) => estimates.find((e) => e.fromMs <= fromMs && toMs <= e.toMs)
    const edges = pairs.flatMap((pair): Edge[] => {
      const estimate = now(pair)
      if (!estimate?.bounds) return []
      const { bounds, n, m } = estimate
      return [{ from: pair.from, to: pair.to, ...bounds, n, m }]
    })
    const network = tighten(edges)
    dropped.push(...network.dropped)
    for (const [pair, rows] of found) {
      const { from, to } = pair
      const bounds = network.between(from, to)
      const { n, m } = now(pair) ?? { n: 0, m: 0 }
      // What never talked enough to say anything is left open; what contradicts itself is known to be unknown.
      if (bounds === undefined && n === 0) continue
      const whole = bounds ? { lo: Math.floor(bounds.lo), up: Math.ceil(bounds.up) } : null
      const row = { windowMs: windowFromMs, job, fromMs, toMs, from, to, bounds: whole, n, m }
      const last = rows.at(-1)
      if (last && goesOn(last, row)) rows[rows.length - 1] = { ...last, toMs }
      else rows.push(row)
    }
  }
  const changed: OffsetRow[] = []
  for (const [pair, rows] of found) {
    if (sameRows(pair.published, rows)) continue
    pair.published = rows
    changed.push(...rows)
  }
  return { rows: changed, dropped: dropped.filter((edge) => isNews(window, edge)) }
}

function isNews({ dropped }: Window, { from, to }: Edge): boolean {
  const key = `${from}\n${to}`
  return !dropped.has(key) && dropped.add(key).has(key)
}

/** A border that only other pairs have. */
const goesOn = (last: OffsetRow, { fromMs, bounds, n, m }: OffsetRow): boolean =>
  last.toMs === fromMs &&
  last.n === n &&
  last.m === m &&
  last.bounds?.lo === bounds?.lo &&
  last.bounds?.up === bounds?.up

const sameRows = (a: readonly OffsetRow[], b: readonly OffsetRow[]): boolean =>
  a.length === b.length && a.every((row, i) => sameRow(row, b[i]!))

const sameRow = (a: OffsetRow, b: OffsetRow): boolean =>
  a.fromMs === b.fromMs &&
  a.toMs === b.toMs &&
  (a.bounds && b.bounds ? nearly(a.bounds, b.bounds) : a.bounds === b.bounds)

/** A tenth of the width is not worth a row. */
const nearly = (a: Interval, b: Interval): boolean =>
  Math.abs(a.lo - b.lo) + Math.abs(a.up - b.up) <= (b.up - b.lo) / 10 && b.lo <= b.up

function sizeOf(windows: Windows<Window>): number {
  let size = 0
  for (const [, { pairs }] of windows.entries()) for (const { samples } of pairs.values()) size += samples.length
  return size
}

/** Older windows keep what a later one with few exchanges needs of them; when that is still too much, the oldest go. */
function relieve(windows: Windows<Window>): void {
  const all = [...windows.entries()]
  for (const [, { pairs }] of all.slice(0, -2)) for (const pair of pairs.values()) thin(pair, 2 * leastSamples)
  let size = sizeOf(windows)
  for (const [fromMs, { pairs }] of all.slice(0, -1)) {
    if (size <= samplesInAll) return
    for (const { samples } of pairs.values()) size -= samples.length
    windows.drop(fromMs)
  }
  const newest = all.at(-1)?.[1]
  if (newest && size > samplesInAll) {
    const most = Math.max(leastSamples, Math.floor(samplesInAll / newest.pairs.size / 2))
    for (const pair of newest.pairs.values()) thin(pair, most)
  }
}

import { agreementOfFirst, allBut, mostCovered, type Agreement, type Interval } from './intersection.ts'

/** One exchange between two clocks (algorithms.md section 4): lo <= clock(to) - clock(from) <= up, ns. */
export interface Sample extends Interval {
  /** Unix ms. */
  readonly at: number
  /** The server side is an application, whose span may end after its answer has arrived. */
  readonly lateEnd?: boolean
}

/** What a stretch of time says about the offset of an ordered pair of clocks. */
export interface WindowEstimate {
  /** Unix ms; until a later estimate says otherwise. */
  readonly fromMs: number
  readonly toMs: number
  /** ns; null: the exchanges contradict each other, so that nothing before counts any more either. */
  readonly bounds: Interval | null
  /** Exchanges, and how many of them agree. */
  readonly n: number
  readonly m: number
}

export const windowMs = 5 * 60_000
export const longestWindowMs = 60 * 60_000
const shortestWindowMs = 30_000
/** Fewer exchanges say nothing. */
export const leastSamples = 20
const leastAgreement = 0.8
/** A clock stepped when so many exchanges more agree before and after it than agree all together. */
const leastGain = 5
const widening = 1.1
/** So many exchanges in a row contradict an estimate because a clock was set; false ones come singly. */
const leastRun = 3
/** What two disciplined clocks may drift apart within a window, ns per ms; more shows, as disagreement. */
const wander = 0.2
/**
 * In the recordings (Node, Flask) up to 3 % of the SERVER spans of applications end later than their emitter slack allows,
 * some by more than a millisecond. Causality then claims too much; it needs other exchanges to see it, and there are none.
 */
const lateShare = 0.05

/**
 * Estimates of one ordered pair for [fromMs, toMs), in order of time; none when too few exchanges are there to say
 * anything. `samples`: by time, those of the window and of the hour before, for when it has few of its own.
 */
export function estimateWindow(samples: readonly Sample[], fromMs: number, toMs: number): WindowEstimate[] {
  let since = fromMs
  const countSince = (ms: number) => samples.reduce((n, { at }) => n + Number(at >= ms && at < toMs), 0)
  if (countSince(fromMs) === 0) return []
  while (countSince(since) < leastSamples && toMs - since < longestWindowMs) since -= windowMs
  const taken = samples.filter(({ at }) => at >= since && at < toMs)
  return divide(taken, since, toMs)
    .filter((estimate) => estimate.toMs > fromMs)
    .map((estimate) => ({ ...estimate, fromMs: Math.max(fromMs, estimate.fromMs) }))
}

function divide(samples: readonly Sample[], fromMs: number, toMs: number): WindowEstimate[] {
  const n = samples.length
  const all = mostCovered(samples)
  if (all === null || n < leastSamples) return []
  const step = all.m < n ? findStep(samples, all) : null
  if (step !== null) {
    const before = samples.slice(0, step)
    const after = samples.slice(step)
    // When it was set, nothing between the two exchanges tells.
    const last = Math.ceil(before.at(-1)!.at)
    const first = Math.max(last, Math.floor(after[0]!.at))
    const between = unknown(last, first, n, all.m)
    return [...divide(before, fromMs, last), ...between, ...covering(after, first, toMs)]
  }
  if (all.m / n >= leastAgreement) return around(samples, all, fromMs, toMs)
  if (toMs - fromMs <= shortestWindowMs) return [{ fromMs, toMs, bounds: null, n, m: all.m }]
  const middle = Math.round((fromMs + toMs) / 2)
  const half = samples.findIndex(({ at }) => at >= middle)
  const cut = half < 0 ? n : half
  return [...covering(samples.slice(0, cut), fromMs, middle), ...covering(samples.slice(cut), middle, toMs)]
}

/** Where exchanges contradict those of before, what was known before is wrong, even while nothing else is known. */
function covering(samples: readonly Sample[], fromMs: number, toMs: number): WindowEstimate[] {
  const estimates = divide(samples, fromMs, toMs)
  const m = mostCovered(samples)?.m ?? 0
  return [...unknown(fromMs, estimates[0]?.fromMs ?? toMs, samples.length, m), ...estimates]
}

/**
 * Where some exchanges are false, one of them may by chance agree with the true ones and cut the truth off: then no single
 * exchange decides. With 5 % false ones, 10 % wider alone left the truth outside in 2.7 % of windows, and tightening over
 * third clocks carried that into 16 % of pairs; this left it inside in all.
 *
 * @param ms the stretch of time that they hold for.
 */
function boundsOf(samples: readonly Sample[], agreed: Agreement, ms: number): Interval {
  const late = samples.reduce((n, { lateEnd }) => n + Number(lateEnd === true), 0)
  const doubtful = agreed.m < samples.length
  const spared = Math.ceil(late * lateShare) + Number(doubtful)
  const { lo, up } = spared === 0 ? agreed : allBut(spared, samples, agreed)
  const middle = (lo + up) / 2
  const half = ((up - lo) / 2) * (doubtful ? widening : 1) + (wander * ms) / 2
  return { lo: middle - half, up: middle + half }
}

/**
 * The estimate of a stretch, without its beginning or end where a few exchanges in a row contradict it: too few to show a
 * step of their own, more than are false one after the other.
 */
function around(samples: readonly Sample[], agreed: Agreement, fromMs: number, toMs: number): WindowEstimate[] {
  const { m } = agreed
  const n = samples.length
  const agrees = ({ lo, up }: Sample) => lo <= agreed.up && up >= agreed.lo
  const first = samples.findIndex(agrees)
  const last = samples.findLastIndex(agrees)
  const from = first < leastRun ? fromMs : Math.floor(samples[first]!.at)
  const to = n - 1 - last < leastRun ? toMs : Math.ceil(samples[last]!.at)
  const bounds = boundsOf(samples, agreed, to - from)
  return [...unknown(fromMs, from, n, m), { fromMs: from, toMs: to, bounds, n, m }, ...unknown(to, toMs, n, m)]
}

const unknown = (fromMs: number, toMs: number, n: number, m: number): WindowEstimate[] =>
  fromMs < toMs ? [{ fromMs, toMs, bounds: null, n, m }] : []

/** Index of the first exchange after a clock was set: before it and from it on, most agree on values that exclude each other. */
function findStep(samples: readonly Sample[], all: Agreement): number | null {
  const n = samples.length
  const first = agreementOfFirst(samples)
  const last = agreementOfFirst([...samples].reverse()).reverse()
  let at = 0
  let most = 0
  for (let i = 1; i < n; i++) {
    const m = first[i - 1]! + last[i]!
    if (m > most) {
      most = m
      at = i
    }
  }
  if (most - all.m < leastGain || most / n < leastAgreement) return null
  const before = mostCovered(samples.slice(0, at))!
  const after = mostCovered(samples.slice(at))!
  return before.up < after.lo || after.up < before.lo ? at : null
}

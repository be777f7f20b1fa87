/** What proxies take for each request, from readings of what they took and counts of what went through them. */
import { studentQuantile } from './student.ts'

/** One stretch of time of one instance of a proxy. */
export interface UsageSlot {
  readonly slot: number
  /** CPU seconds, or byte seconds, that it took. */
  readonly used: number
  /** Requests that went through it. */
  readonly handled: number
}

/** An instance, and how many times a request of the cohort goes through it, on average. */
export interface UsagePart {
  readonly passes: number
  readonly slots: readonly UsageSlot[]
}

/** A request's own, with its 95 % interval, null where there are too few stretches of time for one. */
export interface Usage {
  readonly value: number
  /** Stretches of time with both, over all instances. */
  readonly slots: number
  readonly interval: {
    readonly lo: number
    readonly hi: number
    readonly deviation: number
    readonly freedom: number
  } | null
}

const leastSlots = 20
/** Neighbours hardly depend on each other: stretches of so many slots are left out in turn (a jackknife of batches). */
const slotsOfBatch = 15
const [fewestBatches, mostBatches] = [3, 12]

/** The sum over instances of passes times what one pass takes; null without any. */
export function usageOf(parts: readonly UsagePart[]): Usage | null {
  if (parts.length === 0) return null
  const slots = [...new Set(parts.flatMap((part) => part.slots.map(({ slot }) => slot)))].sort((a, b) => a - b)
  const value = sumOf(parts, () => true)
  if (slots.length < leastSlots) return { value, slots: slots.length, interval: null }
  const batches = Math.min(mostBatches, Math.max(fewestBatches, Math.floor(slots.length / slotsOfBatch)))
  const batchOf = new Map(slots.map((slot, i) => [slot, Math.floor((i * batches) / slots.length)]))
  const without = Array.from({ length: batches }, (_, left) => sumOf(parts, (slot) => batchOf.get(slot) !== left))
  const mean = without.reduce((sum, one) => sum + one, 0) / batches
  const variance = ((batches - 1) / batches) * without.reduce((sum, one) => sum + (one - mean) ** 2, 0)
  const deviation = Math.sqrt(variance)
  const freedom = batches - 1
  const half = studentQuantile(freedom) * deviation
  return {
    ...{ value, slots: slots.length },
    interval: { lo: Math.max(0, value - half), hi: value + half, deviation, freedom },
  }
}

function sumOf(parts: readonly UsagePart[], counts: (slot: number) => boolean): number {
  let sum = 0
  for (const { passes, slots } of parts) {
    let used = 0
    let handled = 0
    for (const one of slots) {
      if (!counts(one.slot)) continue
      used += one.used
      handled += one.handled
    }
    // Nothing went through it in what is left: all of it tells.
    if (handled === 0) for (const one of slots) [used, handled] = [used + one.used, handled + one.handled]
    sum += passes * (used / handled)
  }
  return sum
}

/** b by a, with its 95 % interval (by logarithms); null where one has none. */
export function ratioOfUsage(a: Usage | null, b: Usage | null): { ratio: number; lo: number; hi: number } | null {
  if (!a?.interval || !b?.interval || a.value <= 0 || b.value <= 0) return null
  const deviation = Math.hypot(a.interval.deviation / a.value, b.interval.deviation / b.value)
  const half = studentQuantile(Math.min(a.interval.freedom, b.interval.freedom)) * deviation
  const ratio = b.value / a.value
  return { ratio, lo: ratio * Math.exp(-half), hi: ratio * Math.exp(half) }
}

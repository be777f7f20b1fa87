/** What a threshold or a budget finds of one series (docs/alerts.md). */
import { refusal, valuesNeeded } from '../statistics/claims.ts'
import { bucketKey, type Histogram } from '../statistics/histogram.ts'
import type { Finding } from './state.ts'

/** What a window had of a series. */
export interface Observed {
  /** Requests with a value, as stored. */
  readonly n: number
  /** Of all requests, those with a value: 0..1. */
  readonly coverage: number
  /** null without a value. */
  readonly value: number | null
}

export interface Limit {
  readonly op: '>' | '<'
  readonly value: number
  readonly resolve: number
  /** null of a share. */
  readonly quantile: number | null
  /** Replaces what the claim table asks for. */
  readonly minCount?: number | undefined
}

export function thresholdFinding(
  { op, value, resolve, quantile, minCount }: Limit,
  seen: Observed | undefined,
): Finding {
  if (!seen || seen.value === null) return 'unknown'
  const q = quantile ?? 0.5
  if (seen.n < (minCount ?? valuesNeeded(q)) || refusal(q, Math.max(seen.n, valuesNeeded(q)), seen.coverage))
    return 'unknown'
  const beyond = (limit: number) => (op === '>' ? seen.value! > limit : seen.value! < limit)
  return beyond(value) ? 'met' : beyond(resolve) ? 'less' : 'gone'
}

/** Requests of a window, and how many of them took longer than a budget allows. */
export interface Spent {
  readonly n: number
  readonly over: number
}

/** By the bucket: what lies in the bucket of `valueNs` is within the budget, an error of the value of 1.1 % at most. */
export function spentOf({ keys, counts }: Histogram, valueNs: number): Spent {
  const limit = bucketKey(valueNs)
  let [n, over] = [0, 0]
  keys.forEach((key, i) => {
    n += counts[i]!
    if (key > limit) over += counts[i]!
  })
  return { n, over }
}

/** How many times as fast as the objective allows the budget is spent; null without requests. */
export const burnRate = ({ n, over }: Spent, objective: number): number | null =>
  n > 0 ? over / n / (1 - objective) : null

/** Of the requests that may take too long, the part that is left: 1 is all, below 0 there were more; null without requests. */
export const budgetLeft = (spent: Spent, objective: number): number | null => {
  const rate = burnRate(spent, objective)
  return rate === null ? null : 1 - rate
}

export interface Burning {
  readonly rate: number
  readonly long: Spent
  readonly short: Spent
}

/**
 * Met where a long and its short window both burn faster than their rate (the short one says that it goes on); less where a long one
 * still does.
 */
export function budgetFinding(windows: readonly Burning[], objective: number, minCount: number): Finding {
  const known = windows.filter(({ long }) => long.n >= minCount)
  if (known.length === 0) return 'unknown'
  const burns = (spent: Spent, rate: number) => (burnRate(spent, objective) ?? 0) > rate
  if (known.some(({ rate, long, short }) => burns(long, rate) && burns(short, rate))) return 'met'
  return known.some(({ rate, long }) => burns(long, rate)) ? 'less' : 'gone'
}

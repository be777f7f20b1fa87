/** The comparison of what was before an instant with what came after it: of a deploy, a change point, the begin of an alert. */
import type { CompareMeasure } from '../../../server/api/contract-compare.ts'
import { absolute } from '../time/range.ts'

/** So long on either side, as far as there is time since. */
const longestMs = 2 * 3_600_000
/** Twenty minutes with requests are needed, and some have none. */
const shortestMs = 30 * 60_000

/** Parameters of `/compare` (state.ts): B is what came after, A as long a time before. @param filter as Explore has it. */
export function beforeAfter(
  { atMs, filter, measure }: { atMs: number; filter: string; measure: CompareMeasure },
  nowMs: number,
): Record<string, string | null> {
  const lengthMs = Math.min(longestMs, Math.max(shortestMs, nowMs - atMs))
  return { ...absolute(atMs, atMs + lengthMs), a: filter, b: filter, measure, time: 'before' }
}

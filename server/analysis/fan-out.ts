import { awaitedUps } from './attempts.ts'
import { bodyEndOf } from './traversals.ts'
import type { Node, Traversal } from './node.ts'
import type { FanOut } from './types.ts'

/**
 * What the slowest of calls made at once costs an aggregating gateway: of each group of calls that overlap, how long only the
 * last was still waited for. Attempts of one call (D6) are one call. The proxy's own clock tells it, exactly.
 */
export function fanOutOf(traversal: Traversal): FanOut | null {
  const { head, ups } = traversal
  if (ups.length < 2 || head.emitter.oneCall) return null
  const calls = awaitedUps(traversal)
    .filter((up) => !up.wasted)
    .sort((a, b) => a.start - b.start)
  if (calls.length < 2) return null
  let stragglerNs = 0
  let straggler: Node | null = null
  let longest = 0
  let last: Node | null = null
  let end = -Infinity
  let endBefore = -Infinity
  const close = () => {
    if (last === null || endBefore === -Infinity) return
    stragglerNs += end - endBefore
    if (end - endBefore > longest) {
      longest = end - endBefore
      straggler = last
    }
  }
  for (const call of calls) {
    const own = Math.min(Math.max(call.end, bodyEndOf(call, traversal) ?? call.end), head.end)
    if (call.start >= end) {
      close()
      last = call
      end = own
      endBefore = -Infinity
    } else if (own > end) {
      last = call
      endBefore = end
      end = own
    } else {
      endBefore = Math.max(endBefore, own)
    }
  }
  close()
  return { calls: calls.length, stragglerNs, stragglerSpanId: (straggler as Node | null)?.id ?? '' }
}

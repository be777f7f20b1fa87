export const pollMs = 250
/** At this many spans a second jobs are made about once a second; at more, less often, fewer and longer reads, until a job is full. */
const spansPerSecondPerSecond = 5_000
const maxVisitSeconds = 20
/**
 * At more than a job is in so many seconds there are several: each has the traces of a range of ids, which lie together where parts of
 * more seconds have been merged.
 */
const fewestVisitSeconds = 5
/** Looking for new batches costs ClickHouse some ms, however few there are: who makes jobs seldom need not look four times a second. */
const maxPullSeconds = 1

export type Pace = ReturnType<typeof newPace>

/** When to pull and when to look for settled traces, by the rate of spans. */
export function newPace(maxSpansPerJob: number) {
  let spansPerSecond = 0
  let pulledAt = -Infinity
  let visitedAt = -Infinity
  const visitSeconds = () =>
    Math.min(
      maxVisitSeconds,
      spansPerSecond / spansPerSecondPerSecond,
      Math.max(fewestVisitSeconds, maxSpansPerJob / spansPerSecond),
    )
  return {
    /** @param caughtUp nothing more was there at the last pull. */
    pullDue: (caughtUp: boolean) =>
      performance.now() - pulledAt >=
      (caughtUp ? Math.max(pollMs, 1000 * Math.min(maxPullSeconds, visitSeconds() / 4)) : pollMs),
    pulled(spans: number) {
      const now = performance.now()
      const seconds = Math.min(60, (now - pulledAt) / 1000)
      const weight = 1 - Math.exp(-seconds / 10)
      spansPerSecond += weight * (spans / Math.max(seconds, pollMs / 1000) - spansPerSecond)
      pulledAt = now
    },
    visitDue: () => performance.now() - visitedAt >= 1000 * visitSeconds(),
    visited: () => (visitedAt = performance.now()),
  }
}

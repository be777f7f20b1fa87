export const pollMs = 250
/** At this many spans a second jobs are made about once a second; at more, less often, fewer and longer reads, until a job is full. */
const spansPerSecondPerSecond = 5_000
const maxVisitSeconds = 20

export type Pace = ReturnType<typeof newPace>

/** When to pull and when to look for settled traces, by the rate of spans. */
export function newPace(maxSpansPerJob: number) {
  let spansPerSecond = 0
  let pulledAt = -Infinity
  let visitedAt = -Infinity
  return {
    pullDue: () => performance.now() - pulledAt >= pollMs,
    pulled(spans: number) {
      const now = performance.now()
      const seconds = Math.min(60, (now - pulledAt) / 1000)
      const weight = 1 - Math.exp(-seconds / 10)
      spansPerSecond += weight * (spans / Math.max(seconds, pollMs / 1000) - spansPerSecond)
      pulledAt = now
    },
    visitDue: () =>
      performance.now() - visitedAt >=
      1000 * Math.min(maxVisitSeconds, spansPerSecond / spansPerSecondPerSecond, maxSpansPerJob / spansPerSecond),
    visited: () => (visitedAt = performance.now()),
  }
}

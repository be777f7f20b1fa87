/** Measurements for tests: one heatmap and its series. */
import type { Heatmap, SeriesPoint } from '../../../server/api/contract-measurements.ts'

export const startMs = 1_800_000_000_000

export function heatmap(boundsNs: number[], counts: number[][]): Heatmap {
  const nano = (ms: number) => `${ms}000000`
  return {
    id: '0123456789abcdef',
    metric: 'added',
    fidelity: 'exact',
    from: nano(startMs),
    to: nano(startMs + counts.length * 60_000),
    stepMs: 60_000,
    n: counts.flat().reduce((sum, count) => sum + count, 0),
    timesUnixNano: counts.map((_, i) => nano(startMs + i * 60_000)),
    boundsNs,
    counts,
  }
}

/** Minutes of percentiles; null leaves the step out. */
export function series(...p99s: (number | null)[]): SeriesPoint[] {
  return p99s.flatMap((p99Ns, i) =>
    p99Ns === null
      ? []
      : [
          {
            startUnixNano: `${startMs + i * 60_000}000000`,
            n: 100,
            requests: 100,
            errors: 0,
            p50Ns: null,
            p75Ns: null,
            p90Ns: null,
            p95Ns: null,
            p99Ns,
            p999Ns: null,
            maxNs: null,
            meanNs: null,
          },
        ],
  )
}

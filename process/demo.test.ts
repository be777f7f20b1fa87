import { describe, expect, it } from 'vitest'
import { groupByTrace, loadTraces, shiftTraces, demoRecordings } from './demo.ts'

const folder = new URL('../test/fixtures/recordings', import.meta.url).pathname

describe('replay of recordings', () => {
  it('moves a trace to its new start and keeps every distance to the nanosecond', async () => {
    const [trace] = await loadTraces(folder, ['s6-krakend'])
    const start = 1_800_000_000_000_000_001n
    const moved = groupByTrace([shiftTraces([trace!], [start], 1)])[0]!
    expect(moved.start).toBe(start)
    const distances = (t: typeof moved) =>
      t.spans
        .map(({ span }) =>
          [span.spanId, BigInt(span.startTimeUnixNano) - t.start, BigInt(span.endTimeUnixNano) - t.start].join(),
        )
        .sort()
    expect(distances(moved)).toEqual(distances(trace!))
  })

  it('gives each round trace ids of its own and keeps parents within the trace', async () => {
    const [trace] = await loadTraces(folder, ['s1-sidecars'])
    const ids = [1, 2, 3].map((round) => groupByTrace([shiftTraces([trace!], [0n], round)])[0]!.spans[0]!.span.traceId)
    expect(new Set(ids).size).toBe(3)
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true)
  })

  it('finds every recording it names and interleaves them', async () => {
    const traces = await loadTraces(folder, demoRecordings)
    expect(traces.length).toBeGreaterThan(500)
    const services = new Set(
      traces.slice(0, demoRecordings.length).map((t) => JSON.stringify(t.spans[0]!.resource.resource)),
    )
    expect(services.size).toBeGreaterThan(3)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Measure, TraceAnalysis } from '../../server/analysis/types.ts'
import { Heatmap, Series } from '../../server/api/contract-measurements.ts'
import type { Fidelity } from '../../server/api/contract.ts'
import { bucketBounds, bucketKey, histogramOf, quantile, upperEdge } from '../../server/statistics/histogram.ts'
import { atLevel, valuesAt } from './expected.ts'
import { at, startMeasuredApi, startMs, writeTraffic, type MeasuredApi } from './measured-api.ts'
import { hopIds, proxyIds } from './measured-traffic.ts'

/** Series and heatmaps against every single fact. */
let api: MeasuredApi
let traces: TraceAnalysis[]
beforeAll(async () => {
  api = await startMeasuredApi()
  traces = await writeTraffic(api.db)
}, 300_000)
afterAll(() => api?.stop())

interface Fact {
  ms: number
  measure: Measure
  error: boolean
}
const proxyFacts = (id: string, of: 'added' | 'overhead'): Fact[] =>
  traces.flatMap((trace) =>
    trace.proxies.flatMap(({ identity, start, error, [of]: measure }) =>
      identity.proxyId === id ? { ms: startMs(trace, start), measure, error } : [],
    ),
  )
const hopFacts = (id: string, of: 'transit' | 'wire'): Fact[] =>
  traces.flatMap((trace) =>
    trace.hops.flatMap(({ hopId, start, error, [of]: measure }) =>
      hopId === id ? { ms: startMs(trace, start), measure, error } : [],
    ),
  )

function expectedPoints(facts: readonly Fact[], stepMs: number, fidelity: Fidelity) {
  const starts = [...new Set(facts.map(({ ms }) => Math.floor(ms / stepMs) * stepMs))].sort((a, b) => a - b)
  return starts.map((start) => {
    const mine = facts.filter(({ ms }) => ms >= start && ms < start + stepMs)
    const values = valuesAt(
      mine.map(({ measure }) => measure),
      fidelity,
    )
    const histogram = histogramOf(values)
    const q = (at: number) => (values.length * (1 - at) >= 0.999 ? Math.round(quantile(histogram, at)!) : null)
    return {
      startUnixNano: `${start}000000`,
      n: values.length,
      requests: mine.length,
      errors: mine.filter(({ error }) => error).length,
      ...{ p50Ns: q(0.5), p75Ns: q(0.75), p90Ns: q(0.9), p95Ns: q(0.95), p99Ns: q(0.99), p999Ns: q(0.999) },
      maxNs: values.length ? Math.round(upperEdge(histogram)!) : null,
      meanNs: values.length ? Math.round(values.reduce((a, b) => a + b, 0) / values.length) : null,
    }
  })
}

const minute = 60_000
const whole = { from: at(9), to: at(14) }

describe('a series', () => {
  it.each([
    [undefined, 5 * minute],
    [minute, minute],
    [7 * minute, 7 * minute],
    [10 * minute, 10 * minute],
    [60 * minute, 60 * minute],
    [120 * minute, 120 * minute],
  ])('in steps of %s ms has every step of the main level', async (asked, stepMs) => {
    const query = asked === undefined ? whole : { ...whole, stepMs: asked }
    const series = await api.get(Series, `proxies/${proxyIds.gateway}/series`, query)
    expect(series).toMatchObject({ id: proxyIds.gateway, metric: 'added', fidelity: 'modelled', stepMs })
    expect(series.points).toEqual(expectedPoints(proxyFacts(proxyIds.gateway, 'added'), stepMs, 'modelled'))
  })

  it('keeps levels apart: the one asked for, and no other', async () => {
    const facts = hopFacts(hopIds.internal, 'transit')
    for (const fidelity of ['exact', 'bounded', 'modelled'] as const) {
      const series = await api.get(Series, `hops/${hopIds.internal}/series`, { ...whole, fidelity })
      expect(series.fidelity).toBe(fidelity)
      expect(series.points).toEqual(expectedPoints(facts, 5 * minute, fidelity))
    }
  })

  it.each(['wire', 'segment:wire'])('of %s is one of that metric', async (metric) => {
    const series = await api.get(Series, `hops/${hopIds.internal}/series`, { ...whole, metric, stepMs: 60 * minute })
    const facts = hopFacts(hopIds.internal, metric === 'wire' ? 'wire' : 'transit')
    const n =
      metric === 'wire'
        ? atLevel(
            facts.map(({ measure }) => measure),
            'exact',
          ).length
        : facts.length
    expect([series.metric, series.fidelity]).toEqual([metric, 'exact'])
    expect(series.points.reduce((sum, point) => sum + point.n, 0)).toBe(n)
  })

  it('reads whole steps and says which', async () => {
    const asked = { from: at(10, 7, 30), to: at(11, 52, 10), stepMs: 30 * minute }
    const series = await api.get(Series, `proxies/${proxyIds.sidecar}/series`, asked)
    expect([series.from, series.to]).toEqual([`${at(10)}000000`, `${at(12)}000000`])
    const facts = proxyFacts(proxyIds.sidecar, 'added').filter(({ ms }) => ms >= at(10) && ms < at(12))
    expect(series.points).toEqual(expectedPoints(facts, 30 * minute, 'bounded'))
  })

  it('of a window without requests is empty', async () => {
    const series = await api.get(Series, `proxies/${proxyIds.gateway}/series`, { from: at(1), to: at(2) })
    expect(series).toMatchObject({ fidelity: 'unknown', points: [] })
  })
})

describe('a heatmap', () => {
  it.each([
    ['proxies', proxyIds.gateway, 'overhead', 'exact'],
    ['proxies', proxyIds.sidecar, 'overhead', 'bounded'],
    ['proxies', proxyIds.gateway, 'added', 'bounded'],
    ['hops', hopIds.internal, 'transit', 'exact'],
  ] as const)('of %s %s %s has every value of level %s in its cell', async (resource, id, metric, fidelity) => {
    const asked = { ...whole, metric, fidelity, stepMs: 15 * minute }
    const map = await api.get(Heatmap, `${resource}/${id}/heatmap`, asked)
    const facts = metric === 'transit' ? hopFacts(id, metric) : proxyFacts(id, metric)
    const values = facts.filter(({ measure }) => valuesAt([measure], fidelity).length > 0)
    expect(map).toMatchObject({ id, metric, fidelity, n: values.length })
    expect(map.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(values.length)

    const rows = map.boundsNs.length - 1
    expect(rows).toBeLessThanOrEqual(120)
    expect(map.boundsNs).toEqual([...map.boundsNs].sort((a, b) => a - b))
    expect(map.timesUnixNano).toEqual(Array.from({ length: 20 }, (_, i) => `${at(9, 15 * i)}000000`))
    const expected = map.timesUnixNano.map(() => new Array<number>(rows).fill(0))
    for (const { ms, measure } of values) {
      // By the middle of its bucket: a value is in the row that its whole bucket is in.
      const { lo, hi } = bucketBounds(bucketKey(valuesAt([measure], fidelity)[0]!))
      const row = map.boundsNs.findLastIndex((bound) => bound <= (lo + hi) / 2)
      expected[Math.floor((ms - at(9)) / (15 * minute))]![row]!++
    }
    expect(map.counts).toEqual(expected)
  })

  it('puts zeros and all else that no clock shows into one row below the lattice', async () => {
    const map = await api.get(Heatmap, `proxies/${proxyIds.sidecar}/heatmap`, { ...whole, metric: 'overhead' })
    const zeros = proxyFacts(proxyIds.sidecar, 'overhead').filter(({ measure }) => measure.hiNs === 0)
    expect(zeros.length).toBeGreaterThan(20)
    expect(map.boundsNs[0]).toBe(0)
    expect(map.boundsNs[1]).toBeGreaterThan(10_000)
    expect(map.counts.reduce((sum, column) => sum + column[0]!, 0)).toBe(zeros.length)
    const ratios = map.boundsNs.slice(2).map((bound, i) => bound / map.boundsNs[i + 1]!)
    for (const ratio of ratios) expect(ratio).toBeCloseTo(ratios[0]!, 3)
  })

  it('of a window without requests has columns and no rows', async () => {
    const map = await api.get(Heatmap, `hops/${hopIds.entry}/heatmap`, { from: at(1), to: at(2) })
    expect(map).toMatchObject({ fidelity: 'unknown', n: 0, boundsNs: [] })
    expect(map.timesUnixNano).toHaveLength(60)
    expect(map.counts).toEqual(map.timesUnixNano.map(() => []))
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TraceAnalysis } from '../../server/analysis/types.ts'
import { RouteList } from '../../server/api/contract-catalogue.ts'
import { HopList, Overview, ProxyList } from '../../server/api/contract-measurements.ts'
import { bucketKey, histogramOf, quantile } from '../../server/statistics/histogram.ts'
import { distributionsOf } from './expected.ts'
import { at, startMeasuredApi, startMs, within, writeTraffic, type MeasuredApi } from './measured-api.ts'
import { makeTraces, writeTraces } from './measured-traffic.ts'

/** The overview against every single fact. */
let api: MeasuredApi
let traces: TraceAnalysis[]
beforeAll(async () => {
  api = await startMeasuredApi()
  traces = await writeTraffic(api.db)
  // The two hours before, faster: there is something to have moved from.
  const earlier = makeTraces({ traces: 3000, fromMs: at(5), toMs: at(9), seed: 99 }).map(faster)
  await writeTraces(api.db.clickhouse, earlier)
  traces.push(...earlier)
}, 300_000)
afterAll(() => api?.stop())

/** With half of the transit in every hop. */
function faster(trace: TraceAnalysis): TraceAnalysis {
  const half = (ns: number | null) => (ns === null ? null : Math.floor(ns / 2))
  return {
    ...trace,
    hops: trace.hops.map((hop) => {
      const { ns, loNs, hiNs } = hop.transit
      return { ...hop, transit: { ...hop.transit, ns: half(ns), loNs: half(loNs), hiNs: half(hiNs) } }
    }),
  }
}

const whole = { from: at(9), to: at(14) }
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
const endToEnd = (trace: TraceAnalysis) => ({
  ...{ ns: trace.duration, loNs: trace.duration, hiNs: trace.duration, reasons: [] },
  fidelity: trace.duration === null ? ('unknown' as const) : ('exact' as const),
})
const classNs = (trace: TraceAnalysis, cls: string) =>
  sum(trace.criticalPath.flatMap((segment) => (segment.class === cls ? segment.ns : [])))
const now = () => within(traces, whole.from, whole.to)
const before = () => within(traces, at(4), at(9))
const rootedOf = (list: readonly TraceAnalysis[]) => list.filter(({ duration }) => duration !== null)

describe('the overview', () => {
  let overview: Overview
  beforeAll(async () => {
    overview = await api.get(Overview, 'overview', whole)
  }, 120_000)

  it('has end-to-end time now and in the period of equal length before', () => {
    expect(overview.requests).toBe(now().length)
    expect(overview.errors).toBe(now().filter(({ error }) => error).length)
    expect(overview.endToEnd).toMatchObject(distributionsOf(now().map(endToEnd))[0]!)
    expect(overview.endToEndBefore).toMatchObject(distributionsOf(before().map(endToEnd))[0]!)
    expect(overview.hopsPerRequest).toBe(2)
  })

  it('splits requests around p50, p95 and p99 into classes that add up to the nanosecond', () => {
    const rooted = rootedOf(now())
    const durations = histogramOf(rooted.map(({ duration }) => duration!))
    // 3 % without a root: p95 and p99 cannot be claimed.
    expect(overview.splits.map(({ q }) => q)).toEqual([0.5])
    for (const split of overview.splits) {
      expect(sum(split.classes.map(({ ns }) => ns))).toBe(split.totalNs)
      const [from, to] = [split.q - 0.05, split.q + 0.05].map((q) => bucketKey(Math.round(quantile(durations, q)!)))
      const mine = rooted.filter(({ duration }) => bucketKey(duration!) >= from! && bucketKey(duration!) <= to!)
      expect(split.n).toBe(mine.length)
      expect(split.totalNs).toBe(Math.round(sum(mine.map(({ duration }) => duration!)) / mine.length))
      for (const { class: name, ns, share } of split.classes) {
        const mean = sum(mine.map((trace) => classNs(trace, name))) / mine.length
        expect(Math.abs(ns - mean)).toBeLessThan(1.5)
        expect(share).toBeCloseTo(mean / split.totalNs, 6)
      }
    }
  })

  it('has the taxes as means over the requests with a root, an estimate only where all have one', () => {
    const rooted = rootedOf(now())
    const mean = (of: (trace: TraceAnalysis) => number) => Math.round(sum(rooted.map(of)) / rooted.length)
    const duration = sum(rooted.map((trace) => trace.duration!))
    expect(overview.meshTax).toMatchObject({
      n: rooted.length,
      lowerNs: 0,
      upperNs: mean(({ tax }) => tax.mesh.upperNs),
      estimateNs: null,
      share: sum(rooted.map(({ tax }) => tax.mesh.upperNs)) / duration,
    })
    expect(overview.gatewayTax).toMatchObject({
      lowerNs: mean(({ tax }) => tax.gateway.lowerNs),
      upperNs: mean(({ tax }) => tax.gateway.upperNs),
      estimateNs: mean(({ tax }) => tax.gateway.estimateNs!),
    })
    const measure = (trace: TraceAnalysis) => {
      const { upperNs, estimateNs } = trace.tax.mesh
      if (trace.duration === null)
        return { ns: null, loNs: null, hiNs: null, fidelity: 'unknown', reasons: [] } as const
      return estimateNs === null
        ? ({ ns: null, loNs: 0, hiNs: upperNs, fidelity: 'bounded', reasons: [] } as const)
        : ({ ns: estimateNs, loNs: 0, hiNs: upperNs, fidelity: 'modelled', reasons: [] } as const)
    }
    expect(overview.meshTax!.distributions).toMatchObject(distributionsOf(now().map(measure)))
  })

  it('ranks the worst proxies and hops as the lists have them', async () => {
    const proxies = await api.get(ProxyList, 'proxies', whole)
    const hops = await api.get(HopList, 'hops', whole)
    const worst = <T extends { p99Ns: number | null; p50Ns: number | null }>(list: T[]) =>
      list.sort((a, b) => (b.p99Ns ?? -1) - (a.p99Ns ?? -1) || (b.p50Ns ?? -1) - (a.p50Ns ?? -1))
    expect(overview.worstProxies.map(({ id, p99Ns, p50Ns, fidelity }) => ({ id, p99Ns, p50Ns, fidelity }))).toEqual(
      worst(
        proxies.items.map(({ id, added: [main] }) => {
          const { p99Ns, p50Ns, fidelity } = main!
          return { id, p99Ns, p50Ns, fidelity }
        }),
      ),
    )
    expect(overview.worstHops.map(({ id, p99Ns }) => [id, p99Ns])).toEqual(
      worst(hops.items.map(({ id, transit }) => ({ id, ...transit }))).map(({ id, p99Ns }) => [id, p99Ns]),
    )
    expect(overview.worstHops.map(({ name }) => name)).toContain('Edge → checkout')
  })

  it('names what moved since the period before, the largest change first, at one level', async () => {
    const earlier = await api.get(HopList, 'hops', { from: at(4), to: at(9) })
    const later = await api.get(HopList, 'hops', whole)
    expect(overview.movers.length).toBeGreaterThanOrEqual(3)
    for (const mover of overview.movers) {
      expect(mover.kind).toBe('hop')
      const was = earlier.items.find(({ id }) => id === mover.id)!.transit
      const is = later.items.find(({ id }) => id === mover.id)!.transit
      const q = (['p99Ns', 'p95Ns', 'p50Ns'] as const).find((key) => was[key] !== null && is[key] !== null)!
      expect(mover).toMatchObject({ beforeNs: was[q], afterNs: is[q], nBefore: was.n, n: is.n, fidelity: is.fidelity })
      expect(mover.diffNs).toBe(mover.afterNs - mover.beforeNs)
      expect(mover.afterNs / mover.beforeNs).toBeGreaterThan(1.5)
    }
    const sizes = overview.movers.map(({ diffNs }) => Math.abs(diffNs))
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
  })

  it('says what is missing', () => {
    const all = now()
    const complete = rootedOf(all).filter(({ flags }) => (flags & 64) === 0)
    const hops = all.flatMap((trace) => trace.hops)
    const flag = (bit: number) => all.filter(({ flags }) => (flags & bit) !== 0).length
    expect(overview.coverage).toMatchObject({
      traces: all.length,
      withRoot: rootedOf(all).length / all.length,
      completePath: complete.length / all.length,
      hops: { requests: hops.length, unknown: hops.filter(({ transit }) => transit.fidelity === 'unknown').length },
    })
    const reasons = new Map(overview.coverage.reasons.map(({ flag, traces: n }) => [flag, n]))
    expect([reasons.get('no_root'), reasons.get('missing_parent')]).toEqual([flag(4096), flag(64)])
    expect(reasons.get('late_revision')).toBe(all.length / 10)
  })

  it('has a series whose classes add up to the mean of each step', () => {
    const { stepMs, points } = overview.series
    expect(stepMs).toBe(5 * 60_000)
    expect(sum(points.map(({ requests }) => requests))).toBe(now().length)
    const steps = new Map<number, TraceAnalysis[]>()
    for (const trace of now()) {
      const step = Math.floor(startMs(trace) / stepMs) * stepMs
      steps.set(step, [...(steps.get(step) ?? []), trace])
    }
    expect(points).toHaveLength(steps.size)
    for (const point of points) {
      const mine = steps.get(Number(point.startUnixNano.slice(0, -6)))!
      const rooted = rootedOf(mine)
      expect([point.requests, point.n]).toEqual([mine.length, rooted.length])
      for (const { class: name, meanNs } of point.classes)
        expect(meanNs).toBe(Math.round(sum(rooted.map((trace) => classNs(trace, name))) / rooted.length))
      const mean = sum(rooted.map(({ duration }) => duration!)) / rooted.length
      expect(Math.abs(sum(point.classes.map(({ meanNs }) => meanNs)) - mean)).toBeLessThan(4)
    }
  })
})

it('is of one route, and of one environment, when asked', async () => {
  const { items } = await api.get(RouteList, 'routes', whole)
  const { id } = items.find(({ rootName }) => rootName === 'GET /search')!
  const overview = await api.get(Overview, 'overview', { ...whole, route: id, environment: 'staging' })
  const mine = now().filter(({ rootName, environment }) => rootName === 'GET /search' && environment === 'staging')
  expect(overview.requests).toBe(mine.length)
  expect(overview.endToEnd).toMatchObject(distributionsOf(mine.map(endToEnd))[0]!)
  expect(overview.meshTax!.n).toBe(rootedOf(mine).length)
  expect(overview.coverage.traces).toBe(mine.length)
  expect(overview.splits[0]!.n).toBeLessThan(mine.length)
})

it('splits the tail where enough is known of it', async () => {
  // With a root every one: 2,500 requests allow p99.
  const rooted = makeTraces({ traces: 2600, fromMs: at(15), toMs: at(16), seed: 5 }).filter(
    ({ duration }) => duration !== null,
  )
  await writeTraces(api.db.clickhouse, rooted)
  const { splits } = await api.get(Overview, 'overview', { from: at(15), to: at(16) })
  expect(splits.map(({ q }) => q)).toEqual([0.5, 0.95, 0.99])
  for (const { classes, totalNs, n } of splits) {
    expect(sum(classes.map(({ ns }) => ns))).toBe(totalNs)
    expect(n).toBeGreaterThanOrEqual(20)
  }
  expect(splits[2]!.totalNs).toBeGreaterThan(splits[1]!.totalNs)
})

it.each([
  [at(1), at(2)],
  // Before it lies what no clock of ours can say.
  [0, 3_600_000],
])('of an empty window from %d to %d is empty, not an error', async (from, to) => {
  const overview = await api.get(Overview, 'overview', { from, to })
  expect(overview).toMatchObject({
    ...{ requests: 0, splits: [], meshTax: null, gatewayTax: null, worstProxies: [], worstHops: [], movers: [] },
    ...{ hopsPerRequest: null, coverage: { traces: 0, withRoot: null, completePath: null, reasons: [] } },
    series: { points: [] },
  })
})

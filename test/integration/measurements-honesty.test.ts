import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TraceAnalysis } from '../../server/analysis/types.ts'
import { ServiceList } from '../../server/api/contract-catalogue.ts'
import {
  Heatmap,
  HopDetail,
  HopList,
  Overview,
  ProxyDetail,
  ProxyList,
  Series,
} from '../../server/api/contract-measurements.ts'
import { bucketBounds, bucketKey, representative } from '../../server/statistics/histogram.ts'
import { valueOf } from './expected.ts'
import { at, startMeasuredApi, startMs, type MeasuredApi } from './measured-api.ts'
import { hopIds, makeTraces, proxyIds, revise, writeTraces } from './measured-traffic.ts'
import { readRollup, rollupOfFacts, rollupSteps } from './rollups-of-facts.ts'

/** What the API says about what it does not know: sampling weights, coverage, bounds, completeness; against every single fact. */
let api: MeasuredApi
beforeAll(async () => {
  api = await startMeasuredApi()
}, 120_000)
afterAll(() => api?.stop())

const weightUnknown = 131_072
const missingParent = 64

/** The trace and all of its facts with a weight or flags. */
function changed(trace: TraceAnalysis, weight: number, flags = 0): TraceAnalysis {
  const flag = <T extends { flags: number }>(of: T): T => ({ ...of, flags: of.flags | flags })
  return { ...flag(trace), weight, hops: trace.hops.map(flag), proxies: trace.proxies.map(flag) }
}

const hoursFrom = (hour: number) => ({ from: at(hour), to: at(hour + 1) })
const traffic = (hour: number, traces: number, seed: number) =>
  makeTraces({ traces, fromMs: at(hour), toMs: at(hour + 1), seed })

/** Smallest value that the share `q` of the population reaches, as the middle of its bucket. */
function weightedQuantile(values: readonly { ns: number; weight: number }[], q: number): number {
  const sorted = [...values].sort((a, b) => a.ns - b.ns)
  const rank = q * sorted.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  const found = sorted.find(({ weight }) => (below += weight) >= rank - 1e-6)
  return Math.round(representative(bucketKey(found!.ns)))
}

/** Of the bucket of a value. */
const middle = (ns: number): number => representative(bucketKey(ns))

describe('of a sample, numbers are those of the population', () => {
  let traces: TraceAnalysis[]
  /** Slow requests are kept, of fast ones every fourth: as a sampler does that looks at the route. */
  const weightOf = (trace: TraceAnalysis) => ((trace.duration ?? 0) > 9_000_000 ? 1 : 4)
  beforeAll(async () => {
    const first = traffic(2, 3000, 11).map((trace) => changed(trace, weightOf(trace)))
    const job = await writeTraces(api.db.clickhouse, first)
    // Late spans change numbers, and the weight with them.
    const revised = first.filter((_, i) => i % 10 === 0).map((trace, i) => revise(trace, 500 + i))
    await writeTraces(api.db.clickhouse, revised, job)
    traces = first.map((trace, i) => (i % 10 === 0 ? revised[i / 10]! : trace))
  }, 120_000)

  const population = () => traces.reduce((sum, { weight }) => sum + weight, 0)
  const rooted = () => traces.flatMap(({ duration, weight }) => (duration === null ? [] : [{ ns: duration, weight }]))

  it('end to end: quantiles, mean, errors, coverage; n stays what was stored', async () => {
    const overview = await api.get(Overview, 'overview', hoursFrom(2))
    expect([overview.requests, overview.population]).toEqual([traces.length, population()])
    const failed = traces.reduce((sum, { error, weight }) => sum + (error ? weight : 0), 0)
    expect(overview.errorRate).toBeCloseTo(failed / population(), 12)
    const { endToEnd } = overview
    expect([endToEnd.n, endToEnd.population]).toEqual([
      rooted().length,
      rooted().reduce((sum, { weight }) => sum + weight, 0),
    ])
    const known = rooted().reduce((sum, { weight }) => sum + weight, 0)
    expect(endToEnd.coverage).toBeCloseTo(known / population(), 12)
    expect(endToEnd.p50Ns).toBe(weightedQuantile(rooted(), 0.5))
    expect(endToEnd.p75Ns).toBe(weightedQuantile(rooted(), 0.75))
    const unweighted = weightedQuantile(
      rooted().map(({ ns }) => ({ ns, weight: 1 })),
      0.5,
    )
    expect(endToEnd.p50Ns! / unweighted).toBeLessThan(0.9)
    const mean = rooted().reduce((sum, { ns, weight }) => sum + ns * weight, 0) / known
    expect(Math.abs(endToEnd.meanNs! - mean)).toBeLessThan(1)
    const lower = traces.reduce(
      (sum, { tax, weight, duration }) => sum + (duration === null ? 0 : tax.gateway.lowerNs * weight),
      0,
    )
    expect(Math.abs(overview.gatewayTax!.lowerNs - lower / known)).toBeLessThan(1)
  })

  it('splits by what the population is made of', async () => {
    const { splits } = await api.get(Overview, 'overview', hoursFrom(2))
    const [middle] = splits
    expect(middle!.q).toBe(0.5)
    const [from, to] = [0.45, 0.55].map((q) => bucketKey(weightedQuantile(rooted(), q)))
    const mine = traces.filter(
      ({ duration }) => duration !== null && bucketKey(duration) >= from! && bucketKey(duration) <= to!,
    )
    const all = mine.reduce((sum, { weight }) => sum + weight, 0)
    expect(middle!.n).toBe(all)
    const app = mine.reduce(
      (sum, { criticalPath, weight }) =>
        sum + weight * criticalPath.reduce((ns, segment) => ns + (segment.class === 'app' ? segment.ns : 0), 0),
      0,
    )
    expect(Math.abs(middle!.classes.find((one) => one.class === 'app')!.ns - app / all)).toBeLessThan(2)
  })

  it('in the heatmap, the breakdowns and the exemplars of a hop', async () => {
    const facts = traces.flatMap(({ traceId, hops, weight }) =>
      hops
        .filter(({ hopId, transit }) => hopId === hopIds.entry && transit.fidelity === 'exact')
        .map(({ transit, route }) => ({ traceId, weight, route, ns: transit.ns! })),
    )
    const counted = (of: typeof facts) => of.reduce((sum, { weight }) => sum + weight, 0)
    const map = await api.get(Heatmap, `hops/${hopIds.entry}/heatmap`, { ...hoursFrom(2), fidelity: 'exact' })
    expect([map.n, map.population]).toEqual([facts.length, counted(facts)])
    const rows = map.boundsNs.slice(1).map((_, row) => map.counts.reduce((sum, column) => sum + column[row]!, 0))
    expect(rows).toEqual(
      rows.map((_, row) => {
        const isIn = (ns: number) => map.boundsNs.findLastIndex((bound) => bound <= middle(ns)) === row
        return counted(facts.filter(({ ns }) => isIn(ns)))
      }),
    )

    const { breakdowns, exemplars } = await api.get(HopDetail, `hops/${hopIds.entry}`, hoursFrom(2))
    const routes = breakdowns.find(({ by }) => by === 'route')!
    expect(routes.fidelity).toBe('exact')
    for (const row of routes.rows) {
      const mine = facts.filter(({ route }) => route === row.value)
      expect([row.n, row.population]).toEqual([mine.length, counted(mine)])
      expect([row.p50Ns, row.p99Ns]).toEqual([0.5, 0.99].map((q) => weightedQuantile(mine, q)))
    }
    for (const { q, traceId, ns } of exemplars) {
      expect(facts.find((fact) => fact.traceId === traceId)!.ns).toBe(ns)
      expect(bucketKey(ns)).toBe(bucketKey(weightedQuantile(facts, q)))
    }
    expect(exemplars.length).toBeGreaterThan(2)
  })

  it('of a hop and a proxy, alone, in the list and over time', async () => {
    const mine = traces.flatMap(({ hops, weight }) =>
      hops.flatMap(({ hopId, transit }) => (hopId === hopIds.entry ? [{ transit, weight }] : [])),
    )
    const values = mine.flatMap(({ transit, weight }) => (transit.ns === null ? [] : [{ ns: transit.ns, weight }]))
    const hop = await api.get(HopDetail, `hops/${hopIds.entry}`, hoursFrom(2))
    expect([hop.requests, hop.population]).toEqual([mine.length, mine.reduce((sum, { weight }) => sum + weight, 0)])
    expect(hop.transit.p50Ns).toBe(weightedQuantile(values, 0.5))
    const { items } = await api.get(HopList, 'hops', hoursFrom(2))
    const { bounds: _, ...transit } = hop.transit
    expect(items.find(({ id }) => id === hopIds.entry)!.transit).toEqual(transit)

    const added = traces.flatMap(({ proxies, weight }) =>
      proxies.flatMap((proxy) => {
        const ns = proxy.added.fidelity === 'modelled' ? valueOf(proxy.added) : null
        return proxy.identity.proxyId === proxyIds.gateway && ns !== null ? [{ ns, weight }] : []
      }),
    )
    const proxies = await api.get(ProxyList, 'proxies', hoursFrom(2))
    const gateway = proxies.items.find(({ id }) => id === proxyIds.gateway)!
    expect(gateway.added.find(({ fidelity }) => fidelity === 'modelled')!.p50Ns).toBe(weightedQuantile(added, 0.5))

    const series = await api.get(Series, `hops/${hopIds.entry}/series`, { ...hoursFrom(2), stepMs: 600_000 })
    const step = startMs(traces[0]!) - (startMs(traces[0]!) % 600_000)
    const inStep = traces.filter((trace) => startMs(trace) >= step && startMs(trace) < step + 600_000)
    const stepValues = inStep.flatMap(({ hops, weight }) =>
      hops.flatMap(({ hopId, transit: { ns } }) => (hopId === hopIds.entry && ns !== null ? [{ ns, weight }] : [])),
    )
    const point = series.points.find(({ startUnixNano }) => startUnixNano === `${step}000000`)!
    expect([point.n, point.p50Ns]).toEqual([stepValues.length, weightedQuantile(stepValues, 0.5)])
  })

  it('rollups keep each weight apart, as the facts have it after late spans', async () => {
    for (const table of Object.keys(rollupSteps) as (keyof typeof rollupSteps)[]) {
      // A class without time on a path is in no rollup.
      const [rolled, facts] = [
        await readRollup(api.db.clickhouse, table),
        await rollupOfFacts(api.db.clickhouse, table),
      ].map((cells) => cells.filter(({ metric }) => metric !== 'class:proxy.in'))
      expect(rolled).toEqual(facts)
    }
  })
})

it('of evenly sampled requests quantiles are those of what was stored, and counts a hundredfold', async () => {
  const traces = traffic(4, 400, 12).map((trace) => changed(trace, 1 / (1 - 0xfd70a4 / 2 ** 24)))
  await writeTraces(api.db.clickhouse, traces)
  const { requests, population, endToEnd } = await api.get(Overview, 'overview', hoursFrom(4))
  expect([requests, population]).toEqual([400, 40_000])
  const values = traces.flatMap(({ duration }) => (duration === null ? [] : [{ ns: duration, weight: 1 }]))
  expect(endToEnd.p50Ns).toBe(weightedQuantile(values, 0.5))
})

it('weights that are no integers count to 0.05 %', async () => {
  await writeTraces(
    api.db.clickhouse,
    traffic(5, 300, 13).map((trace) => changed(trace, 10 / 3)),
  )
  const { population } = await api.get(Overview, 'overview', hoursFrom(5))
  expect(Math.abs(population! / 1000 - 1)).toBeLessThan(0.0005)
})

describe('where nobody told the rate of sampling', () => {
  it('numbers are those of what was stored, and say so', async () => {
    const traces = traffic(6, 500, 14).map((trace) => changed(trace, 1, weightUnknown))
    await writeTraces(api.db.clickhouse, traces)
    const { population, endToEnd, coverage } = await api.get(Overview, 'overview', hoursFrom(6))
    expect(population).toBeUndefined()
    expect(endToEnd.reasons).toContain('weight_unknown')
    const values = traces.flatMap(({ duration }) => (duration === null ? [] : [{ ns: duration, weight: 1 }]))
    expect(endToEnd.p50Ns).toBe(weightedQuantile(values, 0.5))
    expect(coverage.reasons).toContainEqual({ flag: 'weight_unknown', traces: 500 })
  })

  it('nothing is claimed of a mixture', async () => {
    await writeTraces(
      api.db.clickhouse,
      traffic(7, 500, 15).map((trace, i) => changed(trace, 1, i % 5 === 0 ? weightUnknown : 0)),
    )
    const { endToEnd } = await api.get(Overview, 'overview', hoursFrom(7))
    expect(endToEnd).toMatchObject({ p50Ns: null, p90Ns: null, meanNs: null })
    expect(endToEnd.reasons).toEqual(expect.arrayContaining(['p50_weight_unknown', 'mean_weight_unknown']))
    const { transit } = await api.get(HopDetail, `hops/${hopIds.entry}`, hoursFrom(7))
    expect(transit.p50Ns).toBeNull()
  })
})

describe('the coverage ledger', () => {
  let traces: TraceAnalysis[]
  beforeAll(async () => {
    // Slow requests lose a span more often: those above the median half of the time, others never.
    const all = traffic(9, 2000, 16)
    const median = weightedQuantile(
      all.flatMap(({ duration }) => (duration === null ? [] : [{ ns: duration, weight: 1 }])),
      0.5,
    )
    traces = all.map((trace, i) => ({
      ...trace,
      flags: (trace.flags & ~missingParent) | ((trace.duration ?? 0) > median && i % 2 === 0 ? missingParent : 0),
      proxies: trace.proxies.map((proxy) => ({
        ...proxy,
        flags: i % 4 === 0 ? 128 + 256 : 0,
        callee: i % 4 === 0 ? '' : 'checkout',
      })),
      hops: trace.hops.map((hop) => ({ ...hop, flags: i % 8 === 0 ? 128 : 0 })),
    }))
    const job = await writeTraces(api.db.clickhouse, traces)
    await writeTraces(api.db.clickhouse, traces.slice(0, 100), job)
  }, 120_000)

  it('of a proxy: layers seen, what was lost and why', async () => {
    const mine = traces
      .flatMap(({ proxies }) => proxies)
      .filter(({ identity }) => identity.proxyId === proxyIds.gateway)
    const count = (of: (proxy: (typeof mine)[number]) => boolean) => mine.filter(of).length
    const { ledger } = await api.get(ProxyDetail, `proxies/${proxyIds.gateway}`, hoursFrom(9))
    expect(ledger.requests).toBe(mine.length)
    expect(ledger.layers).toEqual(
      [
        { layer: 'caller', requests: 0 },
        { layer: 'upstream', requests: count(({ flags }) => (flags & 256) === 0) },
        { layer: 'callee', requests: count(({ callee }) => callee !== '') },
      ].map((layer) => ({ ...layer, share: layer.requests / mine.length })),
    )
    const lost = count(({ flags }) => (flags & 128) !== 0)
    expect(ledger.reasons).toContainEqual({ flag: 'missing_callee', requests: lost, share: lost / mine.length })
    const late = traces
      .slice(0, 100)
      .flatMap(({ proxies }) => proxies)
      .filter(({ identity }) => identity.proxyId === proxyIds.gateway)
    expect(ledger.reasons.find(({ flag }) => flag === 'late_revision')!.requests).toBe(late.length)
  })

  it('of a hop', async () => {
    const mine = traces.flatMap(({ hops }) => hops).filter(({ hopId }) => hopId === hopIds.entry)
    const { ledger } = await api.get(HopDetail, `hops/${hopIds.entry}`, hoursFrom(9))
    const share = (of: (hop: (typeof mine)[number]) => boolean) => mine.filter(of).length / mine.length
    expect(ledger.layers.map(({ layer, share: seen }) => [layer, seen])).toEqual([
      ['caller', 0],
      ['proxy', 1],
      ['callee', 1],
      ['wire', share(({ wire }) => wire.fidelity === 'exact')],
    ])
    expect(ledger.reasons.find(({ flag }) => flag === 'missing_callee')!.share).toBe(share(({ flags }) => flags !== 0))
  })

  it('of whole requests, with completeness by decile of their duration', async () => {
    const { coverage, meshTax } = await api.get(Overview, 'overview', hoursFrom(9))
    const rooted = traces.filter(({ duration }) => duration !== null)
    const lost = rooted.filter(({ flags }) => (flags & missingParent) !== 0).length
    expect(coverage.layers).toEqual([
      { layer: 'root', requests: rooted.length, share: rooted.length / traces.length },
      { layer: 'proxy', requests: traces.length, share: 1 },
    ])
    expect(coverage.completePath).toBe((rooted.length - lost) / traces.length)
    expect(coverage.deciles).toHaveLength(10)
    expect(coverage.deciles.slice(0, 4).map(({ complete }) => complete)).toEqual([1, 1, 1, 1])
    for (const { complete } of coverage.deciles.slice(6)) expect(Math.abs(complete - 0.5)).toBeLessThan(0.12)
    const lacking = coverage.deciles.reduce((sum, { n, complete }) => sum + n * (1 - complete), 0)
    expect(Math.abs(lacking - lost)).toBeLessThan(5)
    expect([meshTax!.n, meshTax!.atLeast]).toEqual([rooted.length, lost])
  })

  it('bounds the quantiles that it may not claim, whatever the missing values are', async () => {
    const { endToEnd } = await api.get(Overview, 'overview', hoursFrom(9))
    const values = traces.flatMap(({ duration }) => duration ?? []).sort((a, b) => a - b)
    const missing = 1 - values.length / traces.length
    expect(endToEnd.bounds!.map(({ q }) => q)).toEqual([0.95])
    for (const { q, loNs, hiNs } of endToEnd.bounds!) {
      const seen = (rank: number) => bucketBounds(bucketKey(values[Math.ceil(rank * values.length) - 1]!))
      expect(loNs).toBe(Math.floor(seen((q - missing) / (1 - missing)).lo))
      expect(hiNs).toBe(Math.ceil(seen(q / (1 - missing)).hi))
    }
    expect(endToEnd.p95Ns).toBeNull()
  })

  it('of services: traces, those that came late, were cut or lack a parent', async () => {
    const { items, from, to } = await api.get(ServiceList, 'services', hoursFrom(9))
    const traceErrors = traces.filter(({ error }) => error).length
    const orphaned = traces.filter(({ flags }) => (flags & missingParent) !== 0).length
    const rootless = traces.filter(({ duration }) => duration === null).length
    const counts = {
      traces: 2000,
      errors: traceErrors,
      late: 100,
      truncated: 0,
      orphaned,
      rootless,
      sampledOut: 0,
      weightUnknown: 0,
    }
    expect(items).toEqual(['cart', 'checkout', 'edge'].map((name) => ({ name, ...counts })))
    expect([from, to]).toEqual([`${at(9)}000000`, `${at(10)}000000`])
  })

  it('says which callees send spans, by edge of a proxy', async () => {
    const row = (edge: string, window: number, job: number, asked: number, answered: number, callee: string) =>
      `(${job}, now(), toDateTime64(${window / 1000}, 3), '${edge}', ${asked}, ${answered}, '${callee}')`
    const rows = [
      row(`${proxyIds.gateway} outbound|80||pay`, at(9), 1, 900, 880, 'traced'),
      row(`${proxyIds.gateway} outbound|80||legacy`, at(8), 1, 100, 2, 'external'),
      row(`${proxyIds.gateway} outbound|80||legacy`, at(9), 2, 200, 30, 'traced'),
      // After the window, and of another proxy.
      row(`${proxyIds.gateway} outbound|80||legacy`, at(11), 3, 300, 0, 'external'),
      row(`${proxyIds.sidecar} inbound|8080||`, at(9), 1, 50, 50, 'sampled'),
    ]
    await api.db.clickhouse.command(`INSERT INTO edge_callees VALUES ${rows.join(', ')}`)
    const { callees } = await api.get(ProxyDetail, `proxies/${proxyIds.gateway}`, hoursFrom(9))
    const windowUnixNano = `${at(9)}000000`
    expect(callees).toEqual([
      { target: 'outbound|80||pay', state: 'traced', asked: 900, answered: 880, windowUnixNano },
      { target: 'outbound|80||legacy', state: 'traced', asked: 200, answered: 30, windowUnixNano },
    ])
    // What lies beyond the last proxy of a hop.
    const hop = await api.get(HopDetail, `hops/${hopIds.entry}`, hoursFrom(9))
    expect(hop.callees).toEqual([
      { target: 'inbound|8080||', state: 'sampled', asked: 50, answered: 50, windowUnixNano },
    ])
  })
})

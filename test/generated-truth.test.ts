import { describe, expect, it } from 'vitest'
import { exported, exportOf } from '../bench/accuracy/otlp.ts'
import { randomFrom } from '../bench/accuracy/random.ts'
import { scenario, type ScenarioName } from '../bench/accuracy/scenarios.ts'
import { pathOf, simulate } from '../bench/accuracy/simulate.ts'
import { world } from '../bench/accuracy/worlds.ts'
import { analyseTrace } from '../server/analysis/analyse.ts'
import type { OffsetRow } from '../server/analysis/clock/offsets.ts'
import { openLearner } from '../server/finaliser/learn/learner.ts'
import { groupBy } from '../server/statistics/group-by.ts'
import { tracesOf, type ExportRequest } from './otlp-json.ts'

/** The truth of generated requests, and the analysis held against it without the way through the program. */
const requests = (seed: number, count: number) => {
  const random = randomFrom(seed)
  const { request } = world('w', random)
  return Array.from({ length: count }, () => {
    const { route, client } = request(random)
    return simulate(random, route, client)
  })
}

describe('a generated request', () => {
  const made = requests(7, 300)

  it('adds up: everything lies within its parent, the path is the whole, packets hold what the clock of a proxy shows', () => {
    for (const { spans, proxies, root } of made) {
      const byId = new Map(spans.map((span) => [span.id, span]))
      expect(byId.size).toBe(spans.length)
      for (const { id, parent, from, to, process } of spans) {
        expect(to).toBeGreaterThanOrEqual(from)
        const above = byId.get(parent)
        expect(above === undefined).toBe(id === root.id)
        // Node ends late, and the reading of a body begins when the headers have come.
        if (above && process.emitter !== 'node' && !id.startsWith('b'))
          expect([above.from <= from, to <= above.to]).toEqual([true, true])
      }
      const path = [...pathOf(root).values()].reduce((sum, ns) => sum + ns, 0)
      if (spans.every(({ process }) => process.emitter !== 'node')) expect(path).toBe(1000 * (root.to - root.from))
      for (const { ownNs, inProcessNs, requestNs, responseNs } of proxies) {
        expect(ownNs).toBeGreaterThan(inProcessNs)
        expect(inProcessNs).toBeGreaterThanOrEqual(requestNs + responseNs)
      }
    }
  })

  it('is the same for the same seed, and of every kind of proxy', () => {
    expect(JSON.stringify(requests(7, 20))).toBe(JSON.stringify(made.slice(0, 20)))
    const kinds = new Set(made.flatMap(({ proxies }) => proxies.map(({ proxy }) => `${proxy.family} ${proxy.sends}`)))
    expect(kinds.size).toBe(10)
  })

  it('is exported as its clocks show it: Node in whole milliseconds, NGINX both ends, others moved and whole', () => {
    for (const { json, made: span, process } of made
      .slice(0, 30)
      .flatMap((one) => exported(one, 1000, () => 500_000))) {
      const { startTimeUnixNano, endTimeUnixNano } = json as Record<string, string>
      const [start, end] = [BigInt(startTimeUnixNano!), BigInt(endTimeUnixNano!)]
      expect(process.cuts ? start % 1_000_000n : start - 1_000_500_000n - BigInt(span.from) * 1000n).toBe(0n)
      if (process.cuts === 'both') expect(end % 1_000_000n).toBe(0n)
      else expect(end - start).toBe(BigInt(span.to - span.from) * 1000n)
    }
  })
})

describe.each<ScenarioName>(['clocks apart', 'spans lost at random', 'a layer lost', 'tails lost'])('%s', (name) => {
  const { sent, rounds } = scenario(name, 3, Date.UTC(2030, 0, 1))
  const traces = tracesOf(rounds.flat().map((body) => JSON.parse(body) as ExportRequest)).map((trace) =>
    analyseTrace(trace, { networkRttNs: null }),
  )

  it('exact in-process times are exact, bounds of added time hold the truth', () => {
    let exact = 0
    let wrong = 0
    let open = 0
    for (const { traceId, proxies } of traces)
      for (const made of sent.get(traceId)!.request.proxies) {
        const said = proxies.find(({ spanIds }) => spanIds.some((id) => made.spanIds.includes(id)))
        if (!said) continue
        const { overhead, added } = said
        if (overhead.fidelity === 'exact') {
          exact++
          wrong += Number(Math.abs(overhead.ns! - made.inProcessNs) > 1000)
        }
        const { loNs, hiNs } = added
        if ((loNs ?? 0) > made.ownNs + 1000 || (hiNs !== null && hiNs < made.ownNs - 1000)) open++
      }
    expect(exact).toBeGreaterThan(100)
    // The span of a read body that is lost leaves nothing behind that shows it: 3 µs.
    expect(wrong).toBeLessThanOrEqual(name === 'spans lost at random' ? exact * 0.01 : 0)
    expect(open).toBe(0)
  })

  it('critical paths of requests that came whole are what happened', () => {
    let compared = 0
    for (const { traceId, criticalPath } of traces) {
      const { request, whole } = sent.get(traceId)!
      if (!whole || request.spans.some(({ process }) => process.cuts)) continue
      const said = new Map<string, number>()
      for (const { spanId, ns } of criticalPath) said.set(spanId, (said.get(spanId) ?? 0) + ns)
      expect(said).toEqual(pathOf(request.root))
      compared++
    }
    expect(compared).toBeGreaterThan(20)
  })
})

it('one export is one request of OTLP/JSON with a resource for each process', () => {
  const [one] = requests(1, 1)
  const { resourceSpans } = JSON.parse(exportOf(exported(one!, 1000, () => 0))) as Required<ExportRequest>
  expect(resourceSpans.length).toBe(new Set(one!.spans.map(({ process }) => process)).size)
})

describe('clocks drift and step', () => {
  // Offsets are learned in windows of five minutes; where the clock is set in one is chance.
  it.each([0, 60, 120, 180, 240])('offsets hold the truth, requests that end %i s into a window', (seconds) => {
    const untilMs = Date.UTC(2030, 0, 1) + 1000 * seconds
    const { rounds, clocks, free } = scenario('clocks drift and step', 3, untilMs)
    const learner = openLearner()
    const newest = new Map<string, OffsetRow[]>()
    let job = 0n
    for (const bodies of rounds) {
      for (const trace of tracesOf(bodies.map((body) => JSON.parse(body) as ExportRequest)))
        learner.watch(analyseTrace(trace, { networkRttNs: null, ...learner.settings }))
      const { offsets } = learner.learn(++job).rows
      const rows = groupBy(offsets, ({ windowMs, from, to }) => `${windowMs} ${from} ${to}`)
      for (const [key, some] of rows) newest.set(key, some)
    }
    let [saidMs, insideMs] = [0, 0]
    for (const { fromMs, toMs, from, to, bounds } of [...newest.values()].flat()) {
      const [a, b] = [from, to].map((name) => [...clocks.keys()].find((node) => name.endsWith(node)))
      if (!a || !b || bounds === null || a === free || b === free) continue
      const truth = clocks.get(b)!((fromMs + toMs) / 2) - clocks.get(a)!((fromMs + toMs) / 2)
      saidMs += toMs - fromMs
      if (bounds.lo <= truth && truth <= bounds.up) insideMs += toMs - fromMs
    }
    expect(saidMs).toBeGreaterThan(30 * 60_000)
    expect(insideMs / saidMs).toBeGreaterThan(0.98)
  })
})

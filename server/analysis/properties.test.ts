import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import {
  brokenTree,
  clocksByParent,
  disorder,
  randomIntegers,
  randomTree,
  type Random,
} from '../../test/random-trees.ts'
import { analyseTrace } from './analyse.ts'
import type { SpanInput, TraceAnalysis, TraceInput } from './types.ts'

/** What holds for every trace, whatever is in it. */
const settings = { networkRttNs: 0 }
const analyse = (trace: TraceInput) => analyseTrace(trace, settings)
const seeds = Array.from({ length: 1_500 }, (_, i) => i + 1)

describe('every trace', () => {
  it.each([
    ['whole', randomTree],
    ['broken', brokenTree],
  ])(
    'says the same in any order and however often its spans are sent: %s ones',
    (_, generate) => {
      for (const seed of seeds) {
        const random = randomIntegers(seed)
        const trace = generate(random)
        const again = { ...trace, spans: disorder(trace.spans, random) }
        expect(analyse(again), `seed ${seed}`).toEqual(analyse(trace))
      }
    },
    120_000,
  )

  it('keeps all its durations when one clock is set to another time', () => {
    for (const seed of seeds) {
      const random = randomIntegers(seed)
      const trace = clocksByParent(random)
      const machines = [...new Set(trace.spans.map(machineOf))]
      const machine = machines[random(machines.length)]!
      const by = random(10_000_000_000) - 5_000_000_000
      const spans = trace.spans.map((span) =>
        machineOf(span) === machine ? { ...span, start: span.start + by } : span,
      )
      expect(durations(analyse({ ...trace, spans })), `seed ${seed}`).toEqual(durations(analyse(trace)))
    }
  }, 120_000)
})

describe('every request between machines', () => {
  it('has the critical path that one clock for all would show, with clocks up to 2 ms apart', () => {
    let crossings = 0
    for (const seed of seeds) {
      const random = randomIntegers(seed)
      const truth = request(random)
      const offsets = new Map<string, number>()
      const skewed = truth.map(({ host, span }) => {
        const offset = offsets.get(host) ?? random(4_000_000) - 2_000_000
        offsets.set(host, offset)
        const emitter = picture(`x S go:${host} 0-1`).spans[0]!
        return { ...span, resource: emitter.resource, start: span.start + offset }
      })
      crossings += offsets.size - 1
      const plain = truth.map(({ span }) => span)
      expect(onPath(skewed), `seed ${seed}`).toEqual(onPath(plain))
    }
    expect(crossings).toBeGreaterThan(seeds.length)
  }, 60_000)
})

/** Calls that a server makes one after another or at once, each answered by a machine of its own; times of one true clock. */
function request(random: Random): { host: string; span: SpanInput }[] {
  const [server, client] = picture(`
    s S go:a 0-1
      c C go:a 0-1`).spans as [SpanInput, SpanInput]
  const found: { host: string; span: SpanInput }[] = []
  const add = (template: SpanInput, parentId: string, host: string, start: number, end: number) => {
    const spanId = `s${found.length}`
    found.push({ host, span: { ...template, spanId, parentId, start, duration: end - start } })
    return spanId
  }
  const serve = (parentId: string, start: number, end: number, depth: number) => {
    const host = `h${found.length}`
    const id = add(server, parentId, host, start, end)
    if (depth === 0) return
    // What overlaps by less than the tolerance counts as one after the other: here no calls do.
    const tolerance = Math.max(1_000, (end - start) / 100)
    const ends: number[] = []
    for (let calls = random(4), from = start; calls > 0; calls--) {
      const begin = from + random(Math.max(1, (end - from) >> 2))
      const finish = begin + random(Math.max(1, end - begin))
      from = random(2) === 0 ? finish : begin
      const overlaps = ends.map((other) => Math.min(other, finish) - begin)
      if (overlaps.some((overlap) => overlap > 0 && overlap <= tolerance)) continue
      ends.push(finish)
      const call = add(client, id, host, begin, finish)
      const room = finish - begin
      if (room > 100) serve(call, begin + random(room >> 2), finish - random(room >> 2), depth - 1)
    }
  }
  serve('', 0, 10_000_000 + random(10_000_000), 3)
  return found
}

/** ns on the critical path by span. */
function onPath(spans: readonly SpanInput[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { spanId, ns } of analyse({ traceId: '1', baseUnixNano: 0n, spans }).criticalPath)
    found[spanId] = (found[spanId] ?? 0) + ns
  return found
}

const machineOf = ({ resource }: TraceInput['spans'][number]) => resource.attributes.get('host.id')!

/** Every duration there is, by span; order and place in time aside. */
function durations({ duration, spans, proxies, hops, criticalPath }: TraceAnalysis) {
  const bySpan = <T extends { spanId: string }>(list: readonly T[]) =>
    [...list].sort((a, b) => (a.spanId < b.spanId ? -1 : 1))
  return {
    duration,
    total: criticalPath.reduce((sum, { ns }) => sum + ns, 0),
    spans: bySpan(spans).map((span) => [span.spanId, span.duration, span.self]),
    proxies: bySpan(proxies).map((proxy) => [proxy.spanId, proxy.overhead, proxy.added, proxy.retry]),
    hops: hops
      .map(({ callee, via, transit, wire }) => [callee?.spanId, via, transit, wire])
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  }
}

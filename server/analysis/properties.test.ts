import { describe, expect, it } from 'vitest'
import { brokenTree, clocksByParent, disorder, randomIntegers, randomTree } from '../../test/random-trees.ts'
import { analyseTrace } from './analyse.ts'
import type { TraceAnalysis, TraceInput } from './types.ts'

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

import type { SpanInput, TraceInput } from '../server/analysis/types.ts'
import { picture } from './picture.ts'

/** Who may emit a span of a random tree: several clocks, applications and proxies of every role. */
const emitters = ['go:a', 'go:b', 'node:c', 'in:d', 'out:e', 'gateway:f', 'up:f', 'krakend:k']
const kinds = ['S', 'C', 'I', 'P', 'Q']
const templates = emitters.flatMap((who) => kinds.map((kind) => picture(`x ${kind} ${who} 0-1`).spans[0]!))
const [rootTemplate] = picture('r S go:a 0-1').spans as [SpanInput]

/** Integers from 0 to below n. */
export type Random = (n: number) => number

/** Reproducible ones. */
export function randomIntegers(seed: number): Random {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

/**
 * A root of 1 ms with 1 to 12 spans below it that begin and end anywhere, also before, after and around their parents; some
 * end before they start, many begin or end at the same instant as others. Roots are `r`, others s0, s1 …; ns.
 */
export function randomTree(random: Random): TraceInput {
  const root: SpanInput = { ...rootTemplate, start: 0, duration: 1_000_000 }
  const count = 1 + random(12)
  // A coarse grid of times makes ties, a fine one overlaps smaller than any tolerance.
  const grid = [1, 500, 20_000][random(3)]!
  const spans = Array.from({ length: count }, (_, i): SpanInput => {
    const start = random(1_200_000) - 100_000
    const duration = random(20) === 0 ? -random(1000) : random(1_000_000)
    return {
      ...templates[random(templates.length)]!,
      spanId: `s${i}`,
      parentId: i === 0 || random(3) === 0 ? 'r' : `s${random(i)}`,
      start: Math.round(start / grid) * grid,
      duration: Math.round(duration / grid) * grid,
    }
  })
  return { traceId: '0af7651916cd43dd8448eb211c80319c', baseUnixNano: 0n, spans: [root, ...spans] }
}

/** Spans in another order, some of them several times. */
export function disorder(spans: readonly SpanInput[], random: Random): SpanInput[] {
  const mixed = [...spans, ...spans.filter(() => random(3) === 0).map((span) => ({ ...span }))]
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = random(i + 1)
    ;[mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!]
  }
  return mixed
}

/**
 * As `randomTree`, broken in ways that senders break traces: parents that are missing, several roots, rings, one id for a CLIENT
 * and a SERVER, one id for different spans, a span in two versions.
 */
export function brokenTree(random: Random): TraceInput {
  const trace = randomTree(random)
  const spans = trace.spans.flatMap((span): SpanInput[] => {
    const other = () => trace.spans[random(trace.spans.length)]!
    switch (random(12)) {
      case 0:
        return [{ ...span, parentId: 'gone' }]
      case 1:
        return [{ ...span, parentId: '' }]
      case 2:
        return [{ ...span, parentId: other().spanId }]
      case 3:
        return [span, { ...other(), spanId: span.spanId }]
      case 4:
        return [span, { ...span, duration: span.duration + random(1000) }]
      case 5:
        return [span, { ...span, attributes: new Map([['version', String(random(3))]]) }]
      default:
        return [span]
    }
  })
  return { ...trace, spans }
}

/** A tree in which the children of each span share one clock, so that no number hangs on what clocks show against each other. */
export function clocksByParent(random: Random): TraceInput {
  const trace = randomTree(random)
  const hosts = new Map<string, string>()
  const spans = trace.spans.map((span): SpanInput => {
    if (span.parentId === '') return span
    const who = hosts.get(span.parentId) ?? emitters[random(emitters.length)]!
    hosts.set(span.parentId, who)
    const template = picture(`x ${kinds[random(kinds.length)]!} ${who} 0-1`).spans[0]!
    return { ...template, spanId: span.spanId, parentId: span.parentId, start: span.start, duration: span.duration }
  })
  return { ...trace, spans }
}

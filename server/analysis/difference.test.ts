import { describe, expect, it } from 'vitest'
import { tracesOf } from '../../test/otlp-json.ts'
import { t1Export, t1SpanId } from '../../test/t1.ts'
import { analyseTrace } from './analyse.ts'
import { differenceOf } from './difference.ts'
import type { TraceInput } from './types.ts'

const ms = 1_000_000
const input = tracesOf([t1Export('0af7651916cd43dd8448eb211c80319c', 1_700_000_000_000_000_000n)])[0]!
const analyse = (trace: TraceInput) => analyseTrace(trace, { networkRttNs: null })
const ids = (...names: string[]) => new Set(names.map(t1SpanId))

/** T1 with so much more of B's work: all above it last longer, and what comes after it comes later. */
function slower(ns: number): TraceInput {
  const longer = ids('B', 'i1', 'o1', 'c1', 'A', 'p1', 'gu', 'g')
  const later = ids('c2', 'o2', 'i2', 'C')
  return {
    ...input,
    spans: input.spans.map((span) => ({
      ...span,
      duration: span.duration + (longer.has(span.spanId) ? ns : 0),
      start: span.start + (later.has(span.spanId) ? ns : 0),
    })),
  }
}

describe('the difference of two requests of one shape', () => {
  it('lies where the time went, and adds up to that of the durations', () => {
    const [usual, slow] = [analyse(input), analyse(slower(2 * ms))]
    const { classes, spans } = differenceOf(slow, usual)!
    const sum = (all: readonly { ns: number; otherNs: number }[]) =>
      all.reduce((n, { ns, otherNs }) => n + ns - otherNs, 0)
    expect(sum(classes)).toBe(slow.duration! - usual.duration!)
    expect(sum(spans)).toBe(2 * ms)
    expect(classes[0]).toMatchObject({ class: 'app' })
    expect(classes[0]!.ns - classes[0]!.otherNs).toBe(2 * ms)
    expect(classes.slice(1).every(({ ns, otherNs }) => ns === otherNs)).toBe(true)
    expect(spans.map(({ spanId, ns, otherNs }) => [spanId, ns - otherNs])).toEqual([[t1SpanId('B'), 2 * ms]])
  })

  it('of a request and itself is nothing', () => {
    expect(differenceOf(analyse(input), analyse(input))!.spans).toEqual([])
  })

  it('is none where the shapes differ, or one has no root', () => {
    const renamed = { ...input, spans: input.spans.map((span, i) => (i === 3 ? { ...span, name: 'another' } : span)) }
    const rootless = { ...input, spans: input.spans.filter(({ parentId }) => parentId !== '') }
    expect(differenceOf(analyse(input), analyse(renamed))).toBeNull()
    expect(differenceOf(analyse(rootless), analyse(rootless))).toBeNull()
  })
})

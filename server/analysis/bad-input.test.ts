import { describe, expect, it } from 'vitest'
import { violationsOf } from '../../test/invariants.ts'
import { picture } from '../../test/picture.ts'
import { analyseTrace } from './analyse.ts'
import { flagNames } from './flags.ts'
import type { SpanInput, TraceAnalysis, TraceInput } from './types.ts'

/** What senders get wrong: flags and `unknown`, never an exception, a stall or a wrong number. Times in µs. */
const settings = { networkRttNs: null }
const analyse = (drawing: string): TraceAnalysis => analyseTrace(picture(drawing), settings)
const of = (...spans: readonly SpanInput[]): TraceInput => ({ ...picture(''), spans })
const [span] = picture('a S go 0-100').spans as [SpanInput]
const hour = 3_600_000_000
/** Flags by name, self times of all spans and the duration, sound in every number. */
function told(trace: TraceInput) {
  expect(violationsOf(trace, settings)).toEqual([])
  const { flags, spans, duration } = analyseTrace(trace, settings)
  return {
    flags: flagNames(flags),
    duration,
    self: Object.fromEntries(spans.map(({ spanId, self }) => [spanId, self.ns ?? self.reasons.join()])),
  }
}

describe('broken input', () => {
  it('keeps one of two spans with one id and says so', () => {
    const longer = { ...span, duration: 300_000 }
    expect(told(of(span, longer))).toEqual({ flags: ['dup_span_id'], duration: 300_000, self: { a: 300_000 } })
    const other = { ...span, kind: 1, name: 'other', duration: 200_000 }
    expect(told(of(span, other, longer, span))).toEqual(told(of(longer, span, other)))
    expect(analyseTrace(of(other, span), settings).spans.map(({ input }) => input.name)).toEqual(['other'])
  })

  it('takes both halves of a shared id, each sent twice, without a word', () => {
    const client = { ...span, kind: 3, duration: 500_000 }
    const server = { ...span, start: 100_000, duration: 300_000 }
    const once = told(of(client, server))
    expect(once).toMatchObject({ flags: [], duration: 500_000 })
    expect(told(of(server, client, { ...client }, { ...server }))).toEqual(once)
  })

  it('keeps one of two deliveries of the same span without a word', () => {
    expect(told(of(span, { ...span }))).toEqual({ flags: [], duration: 100_000, self: { a: 100_000 } })
  })

  it('cuts a ring of parents and finds no root', () => {
    const trace = analyse(`
      a S go 0-100 parent=c
      b I go 10-90 parent=a
      c I go 20-80 parent=b
      d I go 30-40 parent=d`)
    expect(flagNames(trace.flags)).toEqual(['no_root', 'cycle'])
    expect([trace.spans.length, trace.duration, trace.criticalPath]).toEqual([4, null, []])
  })

  it('analyses orphans but tells no end-to-end time for them', () => {
    const trace = analyse(`
      o C out:a 0-1000 parent=gone
        B S go:b 100-900`)
    expect(flagNames(trace.flags)).toContain('missing_parent')
    expect([trace.duration, trace.hops.map((h) => [h.kind, h.transit.ns])]).toEqual([null, [['entry', 200_000]]])
  })

  it('takes an empty trace', () => {
    expect(analyse('')).toMatchObject({ duration: null, spans: [], proxies: [], hops: [] })
  })

  it('cuts a span that is its own parent, and several rings, each at its earliest', () => {
    const ring = (id: string, parentId: string, start: number) => ({ ...span, spanId: id, parentId, start })
    const trace = of(
      ring('a', 'a', 0),
      ring('b', 'd', 20),
      ring('c', 'b', 10),
      ring('d', 'c', 30),
      ring('e', 'f', 5),
      ring('f', 'e', 5),
    )
    expect(told(trace)).toMatchObject({ flags: ['no_root', 'cycle'], duration: null })
    const cut = analyseTrace(trace, settings).spans.filter(({ flags }) => flagNames(flags).includes('cycle'))
    expect(cut.map(({ spanId }) => spanId).sort()).toEqual(['a', 'c', 'e'])
  })

  it('cuts a ring of 10,000', () => {
    const spans = Array.from({ length: 10_000 }, (_, i) => ({
      ...span,
      spanId: `s${i}`,
      parentId: `s${(i + 1) % 10_000}`,
    }))
    expect(told(of(...spans))).toMatchObject({ flags: ['no_root', 'cycle'], duration: null })
  })

  it('gives negative durations no say, neither as child, nor as proxy, nor as root', () => {
    const child = picture(`
      a S go 0-100
        b C go 60-20
        c C go 70-90`)
    expect(told(child)).toEqual({
      flags: ['neg_duration'],
      duration: 100_000,
      self: { a: 80_000, b: 'neg_duration', c: 20_000 },
    })
    const proxy = analyse(`
      a C go:a 0-100
        o C out:a 90-10
          b S go:b 20-80`)
    const [o] = proxy.proxies
    expect([o!.overhead, o!.added].map((measure) => measure.reasons)).toEqual([['neg_duration'], ['neg_duration']])
    const root = told(picture('a S go 100-0'))
    expect(root).toEqual({ flags: ['neg_duration'], duration: null, self: { a: 'neg_duration' } })
  })

  it('takes spans of no length', () => {
    const trace = picture(`
      a S go 0-100
        b C go 50-50
          c S go 50-50
        d I go 100-100`)
    expect(told(trace)).toEqual({ flags: [], duration: 100_000, self: { a: 100_000, b: 0, c: 0, d: 0 } })
    expect(told(picture('a S go 0-0'))).toEqual({ flags: [], duration: 0, self: { a: 0 } })
  })

  it.each([
    ['1970', -55 * 365.25 * 24],
    ['2262', 236 * 365.25 * 24],
    ['a day before', -24],
    ['a day after', 24],
  ])('believes durations where one clock says %s, as far as numbers hold its times', (_, hours) => {
    const away = Math.round(hours) * hour * 1000
    const trace = picture(`
      c C go:a 0-1000
        o C out:a 100-900
          i S in:b 200-800
            B S go:b 210-790`)
    const moved = trace.spans.map((one) => ('iB'.includes(one.spanId) ? { ...one, start: one.start + away } : one))
    expect(told(of(...moved)).duration).toBe(1_000_000)
    const { hops, flags, spans } = analyseTrace(of(...moved), settings)
    for (const [id, truth] of Object.entries({ c: 200_000, o: 200_000, i: 20_000, B: 580_000 })) {
      const { fidelity, loNs, hiNs } = spans.find(({ spanId }) => spanId === id)!.self
      expect([loNs! <= truth, hiNs! >= truth, hiNs! - loNs! <= 5000]).toEqual([true, true, true])
      if (Math.abs(hours) === 24) expect(fidelity).toBe('exact')
    }
    expect(hops.map(({ transit }) => transit.ns)).toEqual([420_000])
    expect(flagNames(flags)).toContain('skew_modeled')
  })

  it('says what a child a day away in the clock of its parent is: not awaited, or cut', () => {
    const detached = picture(`
      a S go 0-100
        b I go ${24 * hour}-${24 * hour + 50}`)
    expect(told(detached)).toEqual({ flags: ['detached_async'], duration: 100_000, self: { a: 100_000, b: 50_000 } })
    const early = picture(`
      a S go 0-100
        b I go ${-24 * hour}-${-24 * hour + 50}`)
    expect(told(early)).toMatchObject({ duration: 100_000, self: { a: 100_000, b: 50_000 } })
  })

  it('takes 10,000 roots in one trace, and 10,000 spans without their parents', () => {
    const many = (change: (i: number) => Partial<SpanInput>) =>
      of(...Array.from({ length: 10_000 }, (_, i) => ({ ...span, spanId: `s${i}`, start: i * 1000, ...change(i) })))
    expect(told(many(() => ({})))).toMatchObject({ flags: ['multi_root'], duration: 100_000 })
    const orphans = told(many((i) => ({ parentId: `gone${i}` })))
    expect([orphans.flags, orphans.duration]).toEqual([['missing_parent', 'no_root'], null])
    expect(told(many((i) => (i === 0 ? {} : { spanId: 's1', duration: i })))).toMatchObject({
      flags: ['multi_root', 'dup_span_id'],
    })
  }, 60_000)

  it('takes spans over six hours and longer', () => {
    for (const hours of [6, 30 * 24]) {
      const trace = picture(`
        c C go:a 0-${hours * hour}
          o C out:a 100-${hours * hour - 100}
            b S go:b 200-${hours * hour - 300}`)
      expect(told(trace)).toMatchObject({
        flags: ['skew_modeled', 'single_span_proxy'],
        self: { c: 200_000, o: 300_000 },
      })
    }
  })

  it('takes kinds, statuses and attributes that do not exist', () => {
    const odd = {
      ...span,
      kind: 99,
      status: -1,
      name: '',
      attributes: new Map([
        ['http.response.status_code', 'NaN'],
        ['hopscope.req_us', '-5'],
        ['retry.count', 'many'],
        ['upstream_response_time', ', :'],
      ]),
    }
    expect(told(of(odd, { ...odd, spanId: 'b', parentId: 'a', kind: -1 }))).toMatchObject({
      flags: [],
      duration: 100_000,
    })
  })
})

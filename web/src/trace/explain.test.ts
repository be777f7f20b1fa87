import { describe, expect, it } from 'vitest'
import { idOf, retried, t1 } from './examples.ts'
import { explainRow, type Section } from './explain.ts'
import { indexTrace } from './index.ts'
import { buildRows } from './rows.ts'
import { findRows, nextHit } from './search.ts'
import type { WireTrace } from './wire.ts'

function explain(trace: WireTrace, key: string): Section[] {
  const index = indexTrace(trace)
  const row = buildRows(index).find((candidate) => candidate.key === key)!
  return explainRow(index, row)
}

const sumOf = (section: Section) => section.lines.reduce((ns, line) => ns + line.ns, 0)
const labels = (section: Section) => section.lines.map((line) => `${line.label} ${line.ns / 1000}`)

describe('how a number was made', () => {
  it('shows the subtraction behind the in-process time of a gateway (D4)', () => {
    const [added, inProcess, transit] = explain(t1(), idOf('g'))
    expect(labels(inProcess!)).toEqual(['server span 12000', 'krakend-edge, upstream -11500'])
    expect(sumOf(inProcess!)).toBe(500_000)
    expect(inProcess!.parts.map(({ label, from, to, ns }) => [label, from, to, ns])).toEqual([
      ['request', 0, 300_000, 300_000],
      ['response', 11_800_000, 12_000_000, 200_000],
    ])
    expect(added!.lines).toEqual([])
    expect(added!.notes.join(' ')).toContain('open above')
    expect(transit!.parts.reduce((ns, part) => ns + part.ns, 0)).toBe(1_300_000)
  })

  it('shows both spans of an upper bound of added time (D4b)', () => {
    const trace = t1()
    const [added] = explain(trace, idOf('i1'))
    expect(labels(added!)).toEqual(['sent from checkout, outbound sidecar 4900', 'cart -3850'])
    expect(sumOf(added!)).toBe(1_050_000)
  })

  it('shows the subtraction behind an estimate beside that of its bound (D4b)', () => {
    const [added] = explain(t1(), idOf('i1'))
    expect(added!.estimate.map((line) => `${line.label} ${line.ns / 1000}`)).toEqual(['proxy span 4200', 'cart -3850'])
    expect(added!.result!.measure.ns).toBe(350_000)
  })

  it('names the slack of the callee’s SDK as its own line', () => {
    const trace = t1()
    const inbound = trace.proxies.find((proxy) => proxy.spanId === idOf('i1'))!
    inbound.added = { ...inbound.added, hiNs: 2_050_000 }
    const [added] = explain(trace, idOf('i1'))
    expect(added!.lines.at(-1)!.ns).toBe(1_000_000)
    expect(sumOf(added!)).toBe(2_050_000)
  })

  it('takes failed attempts and back-off out, one line each', () => {
    const [added, inProcess] = explain(retried(), idOf('e'))
    expect(labels(inProcess!)).toEqual([
      'server span 1000',
      'attempt 1 -200',
      'attempt 2 -450',
      'back-off between attempts -150',
    ])
    expect(sumOf(inProcess!)).toBe(200_000)
    expect(labels(added!)).toEqual(['sent from checkout 1200', 'pay -350', 'failed attempts and back-off -350'])
    expect(sumOf(added!)).toBe(500_000)
  })

  it('lets the segments of a hop add up to its transit', () => {
    const [transit] = explain(t1(), `hop:${idOf('c1')}`)
    expect(sumOf(transit!)).toBe(1_150_000)
    expect(transit!.parts.reduce((ns, part) => ns + part.ns, 0)).toBe(1_150_000)
  })

  it('never hides a difference between the spans and the answer of the API', () => {
    const trace = t1()
    trace.hops[1]!.transit = { ns: 1_000_000, loNs: 1_000_000, hiNs: 1_000_000, fidelity: 'exact', reasons: [] }
    const [transit] = explain(trace, `hop:${idOf('c1')}`)
    expect(transit!.lines.at(-1)).toMatchObject({ label: 'clipping and tolerance', ns: -150_000 })
  })
})

describe('find in trace', () => {
  it('matches names, attributes and badges, in the order of the rows', () => {
    const index = indexTrace(retried())
    const rows = buildRows(index)
    const keys = (query: string) => findRows(rows, query).map((at) => rows[at]!.key)
    expect(keys('503')).toContain(idOf('r1'))
    expect(keys('response_flags=uf')).toEqual([idOf('r1')])
    expect(keys('post checkout')).toContain(idOf('A'))
    expect(keys('  ')).toEqual([])
  })

  it('walks round the hits in both directions', () => {
    expect([nextHit([2, 5, 9], 5, 1), nextHit([2, 5, 9], 9, 1), nextHit([2, 5, 9], 2, -1)]).toEqual([9, 2, 9])
    expect(nextHit([], 3, 1)).toBeNull()
  })
})

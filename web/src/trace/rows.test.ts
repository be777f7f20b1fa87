import { describe, expect, it } from 'vitest'
import { idOf, retried, t1, wide } from './examples.ts'
import { indexTrace } from './index.ts'
import { labelOf } from './labels.ts'
import { numbersOf } from './numbers.ts'
import { buildRows, type Row } from './rows.ts'
import { flagNotes, noticesOf } from './summary.ts'
import { reveal, rowPieces, toggle, toggleAll, visibleRows } from './visible.ts'
import type { WireTrace } from './wire.ts'

function setup(trace: WireTrace) {
  const index = indexTrace(trace)
  const rows = buildRows(index)
  const at = (key: string) => rows.findIndex((row) => row.key === key)
  return { index, rows, at, row: (key: string) => rows[at(key)]! }
}

const draw = (rows: readonly Row[], shown: readonly number[]) =>
  shown.map((at) => `${'  '.repeat(rows[at]!.indent)}${labelOf(rows[at]!).name}`)

const hop = (id: string) => `hop:${idOf(id)}`
const us = (pieces: readonly { from: number; to: number; kind: string; way: string; fidelity: string }[]) =>
  pieces.map(({ from, to, kind, way, fidelity }) => `${from / 1000}-${to / 1000} ${kind} ${way} ${fidelity}`)

describe('rows of T1', () => {
  it('folds the proxies of every hop between the rows of the applications', () => {
    const { rows } = setup(t1())
    expect(draw(rows, visibleRows(rows, new Set()))).toEqual([
      'krakend-edge',
      '  → checkout',
      '    checkout',
      '      → cart',
      '        cart',
      '      → pay',
      '        pay',
    ])
  })

  it('brings out the proxies of an opened hop and keeps the callee outside of it', () => {
    const { rows, row } = setup(t1())
    const opened = visibleRows(rows, toggle(new Set(), hop('c1')))
    expect(draw(rows, opened).slice(3, 7)).toEqual([
      '      → cart',
      '        checkout, outbound sidecar',
      '        cart, inbound sidecar',
      '        cart',
    ])
    // Beside the hop in the tree: closing the hop must not say that its callee is inside.
    expect(row(idOf('B')).level).toBe(row(hop('c1')).level)
    expect(row(idOf('o1')).level).toBe(row(hop('c1')).level + 1)
  })

  it('shows each transit once, the entry hop on the gateway it begins at', () => {
    const { index, rows } = setup(t1())
    const transits = rows.map((row) => numbersOf(index, row).transit?.ns ?? null).filter((ns) => ns !== null)
    expect(transits).toEqual([1_300_000, 1_150_000, 1_150_000])
    expect(numbersOf(index, rows[0]!)).toMatchObject({ totalNs: 12_000_000, added: { loNs: 500_000, hiNs: null } })
  })

  it('sums the added time of a hop as a bound that its transit holds', () => {
    const { index, row } = setup(t1())
    // 800 + 1050 hold the wire between the sidecars twice; nothing between the applications took more than 1150.
    expect(numbersOf(index, row(hop('c1'))).added).toMatchObject({
      ns: null,
      loNs: 0,
      hiNs: 1_150_000,
      fidelity: 'bounded',
    })
    expect(numbersOf(index, row(hop('gu'))).added).toMatchObject({ ns: 400_000, fidelity: 'modelled' })
  })

  it('draws request path, waiting and response path of a folded hop', () => {
    const { index, rows, at } = setup(t1())
    expect(us(rowPieces(index, rows, at(hop('c1')), false))).toEqual([
      '1750-1800 loopback request exact',
      '1800-2200 proxy.out+wire request bounded',
      '2200-2450 proxy.in request bounded',
      '2450-6300 waiting none exact',
      '6300-6400 proxy.in response bounded',
      '6400-6700 proxy.out+wire response bounded',
      '6700-6750 loopback response exact',
    ])
  })

  it('leaves an opened hop only what is the caller’s own', () => {
    const { index, rows, at } = setup(t1())
    expect(us(rowPieces(index, rows, at(hop('c1')), true))).toEqual([
      '1750-1800 loopback request exact',
      '1800-6700 waiting none exact',
      '6700-6750 loopback response exact',
    ])
  })

  it('draws an application plain where it works and hollow where it waits', () => {
    const { index, rows, at } = setup(t1())
    expect(us(rowPieces(index, rows, at(idOf('A')), true))).toEqual([
      '750-1750 app none exact',
      '1750-6750 waiting none exact',
      '6750-7250 app none exact',
      '7250-10950 waiting none exact',
      '10950-11450 app none exact',
    ])
  })

  it('hatches a gateway of two spans by direction', () => {
    const { index, rows } = setup(t1())
    expect(us(rowPieces(index, rows, 0, true))).toEqual([
      '0-300 gateway.proc request exact',
      '300-11800 waiting none exact',
      '11800-12000 gateway.proc response exact',
    ])
  })

  it('covers every row from start to end without a gap', () => {
    for (const trace of [t1(), retried()]) {
      const { index, rows } = setup(trace)
      rows.forEach((row, at) => {
        for (const open of [true, false]) {
          const pieces = rowPieces(index, rows, at, open)
          if (pieces.length === 0) return
          expect(pieces[0]!.from).toBe(row.span.from)
          expect(pieces.at(-1)!.to).toBe(row.span.to)
          pieces.slice(1).forEach((piece, i) => expect(piece.from).toBe(pieces[i]!.to))
        }
      })
    }
  })
})

describe('a retry', () => {
  it('opens by itself and lists the attempts under their proxy', () => {
    const { rows } = setup(retried())
    const shown = visibleRows(rows, new Set())
    expect(draw(rows, shown)).toEqual([
      'checkout',
      '  → pay',
      '    mesh-egress',
      '      attempt 1',
      '      attempt 2',
      '    pay',
    ])
    const [, pay, egress, first] = shown.map((at) => labelOf(rows[at]!))
    expect(pay!.detail).toBe('via mesh-egress')
    expect(egress!.badges.map((badge) => badge.text)).toContain('retried ×1')
    expect(first).toMatchObject({ mark: 'failed', detail: '503 UF' })
  })

  it('parts own work, failed attempt, back-off and useful attempt', () => {
    const { index, rows, at } = setup(retried())
    expect(us(rowPieces(index, rows, at(idOf('e')), true))).toEqual([
      '200-300 gateway.proc request exact',
      '300-500 waiting none exact',
      '500-650 backoff none exact',
      '650-1100 waiting none exact',
      '1100-1200 gateway.proc response exact',
    ])
    expect(us(rowPieces(index, rows, at(idOf('r1')), true))).toEqual(['300-500 retry none exact'])
    expect(us(rowPieces(index, rows, at(idOf('r2')), true))).toEqual([
      '650-700 wire request exact',
      '700-1050 waiting none exact',
      '1050-1100 wire response exact',
    ])
  })
})

describe('a gateway’s upstream spans', () => {
  it('hold no second proxy where the gateway reads the body below them (KrakenD)', () => {
    const trace = t1()
    const upstream = trace.spans[1]!
    const tracker = { ...upstream, spanId: idOf('gt'), parentSpanId: upstream.spanId, kind: 'internal' as const }
    trace.spans.push({ ...tracker, role: 'middleware-stage', name: 'read.tracker', durationNs: 100_000 })
    trace.proxies[0]!.spanIds.push(tracker.spanId)
    const { row } = setup(trace)
    expect(row(hop('gu')).proxies.map(({ name }) => name)).toEqual(['checkout'])
    expect(row(tracker.spanId).kind).toBe('stage')
  })

  it('are attempts, not hops, where nothing answered with a span', () => {
    const trace = retried()
    trace.spans = trace.spans.filter((span) => !['A', 'c', 'P'].map(idOf).includes(span.spanId))
    trace.spans[0]!.parentSpanId = ''
    trace.hops = []
    const { rows } = setup(trace)
    expect(rows.map((row) => [row.kind, labelOf(row).name, labelOf(row).detail])).toEqual([
      ['gateway', 'mesh-egress', 'egress'],
      ['attempt', 'attempt 1', '503 UF'],
      ['attempt', 'attempt 2', ''],
    ])
  })
})

describe('incomplete and odd traces', () => {
  it('shows an orphan subtree after the root and says why', () => {
    const trace = t1()
    trace.spans = trace.spans.filter((span) => span.spanId !== idOf('A'))
    const { rows } = setup(trace)
    const loose = rows.filter((row) => row.loose)
    expect(loose.map((row) => row.key)).toEqual([hop('c1'), hop('c2')])
    expect(loose.map((row) => row.loose)).toEqual(['missing parent', 'missing parent'])
    expect(loose.every((row) => row.level === 1)).toBe(true)
  })

  it('cuts a circle of parents instead of losing it', () => {
    const trace = t1()
    trace.spans.find((span) => span.spanId === idOf('B'))!.parentSpanId = idOf('C')
    trace.spans.find((span) => span.spanId === idOf('C'))!.parentSpanId = idOf('B')
    const { index, rows } = setup(trace)
    expect(rows.filter((row) => row.span.wire.spanId === idOf('B') || row.span.wire.spanId === idOf('C'))).toHaveLength(
      2,
    )
    expect(rows.filter((row) => row.loose).map((row) => row.loose)).toEqual(['circle of parents'])
    expect(noticesOf(index, flagNotes(index)).map(({ title }) => title)).toEqual([])
  })

  it('stays iterative for a trace as deep as it has spans', () => {
    const trace = wide(20_000)
    trace.spans.slice(1).forEach((span, i) => (span.parentSpanId = trace.spans[i]!.spanId))
    trace.spans.forEach((span, i) => (span.spanId = i.toString(16).padStart(16, '0')))
    trace.spans.slice(1).forEach((span, i) => (span.parentSpanId = trace.spans[i]!.spanId))
    const { rows } = setup(trace)
    expect(rows).toHaveLength(20_001)
    expect(rows.at(-1)!.level).toBe(20_001)
  })
})

describe('opening and closing', () => {
  it('reveals a row below closed ones', () => {
    const { rows, at } = setup(t1())
    const closed = toggleAll(rows, false)
    expect(visibleRows(rows, closed)).toEqual([0])
    const shown = visibleRows(rows, reveal(rows, closed, at(idOf('i1'))))
    expect(shown).toContain(at(idOf('i1')))
    expect(shown).not.toContain(at(idOf('i2')))
  })

  it('opens everything', () => {
    const { rows } = setup(t1())
    expect(visibleRows(rows, toggleAll(rows, true))).toHaveLength(rows.length)
  })
})

import { describe, expect, it } from 'vitest'
import { besidesOf } from './besides.ts'
import { idOf, modelled, t1 } from './examples.ts'
import { indexTrace } from './index.ts'
import { buildRows } from './rows.ts'
import type { WireTrace } from './wire.ts'

const linesOf = (trace: WireTrace, spanName: string) => {
  const index = indexTrace(trace)
  const row = buildRows(index).find(({ span, kind }) => span.id === idOf(spanName) && kind !== 'hop')!
  return besidesOf(index, row)
}
const withProxy = (change: Partial<WireTrace['proxies'][number]>): WireTrace => {
  const trace = t1()
  return { ...trace, proxies: trace.proxies.map((proxy, i) => (i === 0 ? { ...proxy, ...change } : proxy)) }
}

describe('besides its own figures a row says', () => {
  it('nothing where nothing is told', () => {
    expect(linesOf(t1(), 'g')).toEqual([])
  })

  it('what opening a connection took, or that it was open', () => {
    expect(linesOf(withProxy({ connectNs: 1_200_000 }), 'g')).toMatchObject([
      { measure: { ns: 1_200_000, fidelity: 'exact' } },
    ])
    expect(linesOf(withProxy({ connectNs: 0 }), 'g')[0]!.why).toBe('The connection was open already.')
  })

  it('how long the slowest of several calls was waited for alone, and which it was', () => {
    const fanOut = { calls: 3, stragglerNs: 4_000_000, stragglerSpanId: idOf('c1') }
    expect(linesOf(withProxy({ fanOut }), 'g')).toMatchObject([{ measure: { ns: 4_000_000 }, spanId: idOf('c1') }])
    expect(linesOf(withProxy({ fanOut: { calls: 1, stragglerNs: 0, stragglerSpanId: '' } }), 'g')).toEqual([])
  })

  it('how long a message lay in a queue, at both of its ends', () => {
    const wait = modelled(500, 400, 600)
    const trace = { ...t1(), queueWaits: [{ producerSpanId: idOf('B'), consumerSpanId: idOf('C'), wait }] }
    expect(linesOf(trace, 'C')).toMatchObject([{ label: 'in the queue before', measure: wait, spanId: idOf('B') }])
    expect(linesOf(trace, 'B')).toMatchObject([{ label: 'in the queue after', spanId: idOf('C') }])
    expect(linesOf(trace, 'A')).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { analyseTrace } from '../analysis/analyse.ts'
import { tracesOf } from '../../test/otlp-json.ts'
import { t1Export } from '../../test/t1.ts'
import { factBlocks, pushFacts } from './facts.ts'
import { halvesOf, putIdentity, putInstant } from './facts/columns.ts'

const base = 1_700_000_000_123_456_789n
const [t1] = tracesOf([t1Export('0af7651916cd43dd8448eb211c80319c', base)])
const analysed = analyseTrace(t1!, { networkRttNs: null })
const context = { job: 2n ** 60n + 1n, settledAt: 1_700_000_100, revision: 0, spanRows: 12, flags: 0 }

describe('instants in halves', () => {
  const column = new Int32Array(4)
  const instant = (at: bigint, ns: number): bigint => {
    putInstant(column, 1, halvesOf(at), ns)
    return new BigInt64Array(column.buffer)[1]!
  }

  it.each([
    [0n, 0],
    [base, 1],
    [base, 2 ** 32 - 1],
    [base, 2 ** 52],
    [base, -5],
    [-1n, 1],
    [-1n, -(2 ** 40)],
    [2n ** 32n - 1n, 1],
    [2n ** 63n - 10n, 9],
  ])('%d and %d ns', (at, ns) => expect(instant(at, ns)).toBe(at + BigInt(ns)))

  it('are cut to what the column holds', () => {
    expect(instant(2n ** 63n - 10n, 11)).toBe(2n ** 63n - 1n)
    expect(instant(2n ** 63n - 10n, 2 ** 60)).toBe(2n ** 63n - 1n)
    expect(instant(10n - 2n ** 63n, -(2 ** 60))).toBe(1n - 2n ** 63n)
  })
})

it('reads identities as unsigned 64-bit integers', () => {
  const column = new Int32Array(4).fill(-1)
  for (const [row, digits] of ['fedcba9876543210', ''].entries()) putIdentity(column, row, digits)
  expect([...new BigUint64Array(column.buffer)]).toEqual([0xfedcba9876543210n, 0n])
})

describe('pushFacts', () => {
  it('adds a row for the trace, each hop and each traversal', () => {
    const blocks = factBlocks()
    pushFacts(blocks, analysed, context)
    expect([blocks.traces.rows, blocks.hops.rows, blocks.proxies.rows]).toEqual([
      1,
      analysed.hops.length,
      analysed.proxies.length,
    ])
    expect(blocks.traces.toBytes().includes(Buffer.from(t1!.traceId, 'hex'))).toBe(true)
  })

  it('adds nothing of a trace of which one value does not fit its column', () => {
    const blocks = factBlocks()
    const [first, ...others] = analysed.hops
    const spoilt = {
      ...analysed,
      hops: [...others, { ...first!, caller: { service: first!.caller?.service ?? '', spanId: 'no hex digits' } }],
    }
    pushFacts(blocks, analysed, context)
    const before = Object.values(blocks).map((block) => block.toBytes())
    expect(() => pushFacts(blocks, spoilt, context)).toThrow('expected 8 bytes, got "no hex digits"')
    expect(Object.values(blocks).map((block) => block.toBytes())).toEqual(before)
  })
})

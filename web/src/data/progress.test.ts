import { describe, expect, it } from 'vitest'
import type { TraceSummary } from '../../../server/api/contract-catalogue.ts'
import { namesInWords, progressOf } from './progress.ts'

const nowMs = 1_800_000_000_000
const lastSpan = (agoMs: number) => ({ lastSpanUnixNano: `${nowMs - agoMs}000000` })
const newest = { traceId: 'a'.repeat(32) } as TraceSummary

describe('the progress of an installation', () => {
  it('begins with waiting', () => {
    expect(progressOf({ lastSpanUnixNano: null }, undefined, 15_000, nowMs)).toEqual({ state: 'waiting' })
  })
  it('counts down to the first trace from the last span', () => {
    const at = (agoMs: number) => progressOf(lastSpan(agoMs), undefined, 15_000, nowMs)
    expect([0, 4_000, 20_000].map((agoMs) => at(agoMs))).toEqual([
      { state: 'settling', inMs: 15_000 },
      { state: 'settling', inMs: 11_000 },
      { state: 'settling', inMs: 0 },
    ])
  })
  it('is receiving once there is a trace', () => {
    expect(progressOf(lastSpan(1_000), newest, 15_000, nowMs)).toEqual({ state: 'receiving', newest })
  })
  it('is silent after two minutes, or longer where traces take longer to settle', () => {
    const stateAfter = (settleMs: number) => progressOf(lastSpan(121_000), newest, settleMs, nowMs).state
    expect([15_000, 60_000].map(stateAfter)).toEqual(['silent', 'receiving'])
  })
})

it.each([
  [['checkout'], 'checkout'],
  [['checkout', 'checkout', 'cart'], 'checkout and cart'],
  [['a', 'b', 'c', 'd'], 'a, b and 2 more'],
  [[''], ''],
])('%j are said as %s', (names, words) => expect(namesInWords(names)).toBe(words))

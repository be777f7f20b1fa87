import { describe, expect, it } from 'vitest'
import { addRows, noTraces, settle, takeSettled, watermark } from './open-traces.ts'

const rule = { quietMs: 100, maxMs: 1000, maxWaiting: 1000 }
const minute = 1_700_000_040
const rows = (traceId: string, committedMs: number, more = {}) => ({
  ...{ traceId, committedMs, rows: 1, firstMinute: minute, lastMinute: minute, firstStartMs: committedMs },
  closedMs: committedMs - 1,
  ...more,
})
const ids = (traces: { traceId: string }[]) => traces.map(({ traceId }) => traceId)

describe('settling', () => {
  it('waits until no span was committed for the quiet time', () => {
    const open = noTraces()
    addRows(open, rows('a', 0))
    addRows(open, rows('a', 80))
    expect(takeSettled(open, 179, rule)).toEqual([])
    expect(ids(takeSettled(open, 180, rule))).toEqual(['a'])
    expect(takeSettled(open, 5000, rule)).toEqual([])
  })

  it('does not wait longer than the maximum for a trace that never falls quiet', () => {
    const open = noTraces()
    for (let at = 0; at <= 990; at += 90) addRows(open, rows('a', at))
    expect(takeSettled(open, 999, rule)).toEqual([])
    expect(takeSettled(open, 1000, rule)).toMatchObject([{ traceId: 'a', rows: 12, early: false }])
  })

  it('widens the minutes a trace lies in', () => {
    const open = noTraces()
    addRows(open, rows('a', 0))
    addRows(open, rows('a', 1, { firstMinute: minute - 60, lastMinute: minute + 60, rows: 3, firstStartMs: -9 }))
    expect(takeSettled(open, 500, rule)).toMatchObject([
      { firstMinute: minute - 60, lastMinute: minute + 60, rows: 4, firstStartMs: -9 },
    ])
  })

  it('does not hand out a trace again before its facts are written', () => {
    const open = noTraces()
    addRows(open, rows('a', 0))
    const first = takeSettled(open, 100, rule)
    addRows(open, rows('a', 150))
    expect(takeSettled(open, 400, rule)).toEqual([])
    settle(open, first)
    expect(takeSettled(open, 400, rule)).toMatchObject([{ traceId: 'a', firstCommitMs: 150 }])
  })

  it('gives up the oldest, and says so, when too many wait', () => {
    const open = noTraces()
    for (let i = 0; i < 5; i++) addRows(open, rows(`t${i}`, i))
    const settled = takeSettled(open, 10, { ...rule, maxWaiting: 3 })
    expect(settled).toMatchObject([
      { traceId: 't0', early: true },
      { traceId: 't1', early: true },
    ])
    expect(open.waiting.size).toBe(3)
  })
})

describe('the watermark', () => {
  it('is the oldest commit that no facts cover, waiting or taken', () => {
    const open = noTraces()
    addRows(open, rows('a', 10))
    addRows(open, rows('b', 20))
    addRows(open, rows('b', 400))
    const taken = takeSettled(open, 110, rule)
    addRows(open, rows('c', 500))
    expect(ids(taken)).toEqual(['a'])
    expect(watermark(open, [], 999)).toBe(10)
    expect(watermark(open, taken, 999)).toBe(20)
    settle(open, taken)
    settle(open, takeSettled(open, 600, rule))
    expect(watermark(open, taken, 999)).toBe(999)
  })

  it('is told by each trace that is open, however they were added, taken and written', () => {
    const open = noTraces()
    let state = 7
    const random = (n: number) => (state = (state * 48_271) % 0x7fff_ffff) % n
    for (let step = 0; step < 3000; step++) {
      addRows(open, rows(`t${random(200)}`, 10 * step + random(3) * 10))
      if (random(4) === 0) takeSettled(open, 10 * step, { ...rule, maxWaiting: random(60) })
      const written = [...open.taken.values()].filter(() => random(3) === 0)
      const left = [...open.waiting.values(), ...[...open.taken.values()].filter((trace) => !written.includes(trace))]
      const oldest = left.reduce((least, { firstCommitMs }) => Math.min(least, firstCommitMs), 99_999)
      expect(watermark(open, written, 99_999)).toBe(oldest)
      if (random(5) === 0) settle(open, written)
    }
    expect(open.firstCommits.size).toBeGreaterThan(10)
  })

  it('is not held back by traces that are analysed again', () => {
    const open = noTraces()
    addRows(open, rows('a', 10))
    const [a] = takeSettled(open, 110, rule)
    const again = { ...a!, traceId: 'b', firstCommitMs: Infinity }
    open.taken.set('b', again)
    expect(watermark(open, [again], 999)).toBe(10)
    settle(open, [again])
    expect(watermark(open, [a!], 999)).toBe(999)
  })

  it('stays behind rows that came for a trace while its facts were written', () => {
    const open = noTraces()
    addRows(open, rows('a', 10))
    const taken = takeSettled(open, 110, rule)
    addRows(open, rows('a', 120))
    expect(watermark(open, taken, 999)).toBe(120)
  })
})

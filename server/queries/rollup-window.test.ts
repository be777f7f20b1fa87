import { describe, expect, it } from 'vitest'
import { hexOf, rollupParams, unsignedOf } from './rollup-window.ts'

const at = (text: string) => Date.parse(`2026-11-24T${text}Z`)
const rows = { kind: 'hop', metrics: ['transit'] } as const

/** Minutes of the day covered by each table's stretches, and how often: every minute of the window exactly once. */
function minutesRead(params: Record<string, unknown>): number[] {
  const day = at('00:00:00') / 1000
  const stretches = [
    ['minute', 'five'],
    ['fiveEnd', 'minuteEnd'],
    ['five', 'hour'],
    ['hourEnd', 'fiveEnd'],
    ['hour', 'hourEnd'],
  ]
  return stretches
    .flatMap(([from, to]) => {
      const [start, end] = [Number(params[from!]), Number(params[to!])]
      return Array.from({ length: Math.max(0, (end - start) / 60) }, (_, i) => (start - day) / 60 + i)
    })
    .sort((a, b) => a - b)
}
const everyMinute = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe('a window in rollup steps', () => {
  it('takes whole hours from the hourly rollup and the ends from finer ones', () => {
    const params = rollupParams({ fromMs: at('09:43:10'), toMs: at('13:07:20') }, rows)
    expect(params).toMatchObject({
      minute: at('09:43:00') / 1000,
      five: at('09:45:00') / 1000,
      hour: at('10:00:00') / 1000,
      hourEnd: at('13:00:00') / 1000,
      fiveEnd: at('13:05:00') / 1000,
      minuteEnd: at('13:08:00') / 1000,
    })
  })

  it.each([
    ['09:43:10', '13:07:20'],
    ['09:43:10', '10:07:20'],
    ['09:43:10', '09:44:20'],
    ['09:41:10', '09:44:20'],
    ['09:43:00', '09:52:00'],
    ['09:00:00', '10:00:00'],
    ['09:55:00', '11:05:00'],
    ['09:58:30', '10:01:30'],
  ])('reads every minute from %s to %s exactly once, at any step', (from, to) => {
    const first = Math.floor((at(from) - at('00:00:00')) / 60_000)
    const last = Math.ceil((at(to) - at('00:00:00')) / 60_000)
    for (const stepMs of [60_000, 120_000, 300_000, 600_000, 3_600_000, 7_200_000]) {
      const params = rollupParams({ fromMs: at(from), toMs: at(to) }, rows, stepMs)
      expect(minutesRead(params)).toEqual(everyMinute(first, last))
    }
  })

  it('reads no hour for a step shorter than one', () => {
    const params = rollupParams({ fromMs: at('09:00:00'), toMs: at('12:00:00') }, rows, 600_000)
    expect(params['hour']).toBe(params['hourEnd'])
    expect(params['five']).toBe(at('09:00:00') / 1000)
  })
})

it('writes ids of any size', () => {
  for (const hex of ['0000000000000001', 'ffffffffffffffff', '00ab000000000000']) {
    expect(hexOf(String(unsignedOf(hex)))).toBe(hex)
  }
})

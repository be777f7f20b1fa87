import { describe, expect, it } from 'vitest'
import { alignWindow, hexOf, overRollup, stretchesOf, unsignedOf, type Stretches } from './rollup-window.ts'

const at = (text: string) => Date.parse(`2026-11-24T${text}Z`)

/** Minutes of the day that are read, and how often: every minute of the window exactly once. */
function minutesRead(stretches: Stretches): number[] {
  return Object.values(stretches)
    .flat()
    .flatMap(({ fromMs, toMs }) => everyMinute((fromMs - at('00:00:00')) / 60_000, (toMs - at('00:00:00')) / 60_000))
    .sort((a, b) => a - b)
}
const everyMinute = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe('a window in rollup steps', () => {
  it('takes whole hours from the hourly rollup and the ends from finer ones', () => {
    const between = (from: string, to: string) => ({ fromMs: at(from), toMs: at(to) })
    expect(stretchesOf({ fromMs: at('09:43:10'), toMs: at('13:07:20') })).toEqual({
      days: [],
      hours: [between('10:00:00', '13:00:00')],
      fives: [between('09:45:00', '10:00:00'), between('13:00:00', '13:05:00')],
      minutes: [between('09:43:00', '09:45:00'), between('13:05:00', '13:08:00')],
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
      expect(minutesRead(stretchesOf({ fromMs: at(from), toMs: at(to) }, stepMs))).toEqual(everyMinute(first, last))
    }
  })

  it('reads no hour for a step shorter than one', () => {
    const window = { fromMs: at('09:00:00'), toMs: at('12:00:00') }
    expect(stretchesOf(window, 600_000)).toEqual({ days: [], hours: [], fives: [window], minutes: [] })
  })

  it('takes whole days from the daily rollup, unless a step is shorter', () => {
    const day = (n: number, hour = 0) => Date.UTC(2026, 10, n, hour)
    const window = { fromMs: day(17, 9), toMs: day(24, 9) }
    expect(stretchesOf(window)).toEqual({
      days: [{ fromMs: day(18), toMs: day(24) }],
      hours: [
        { fromMs: day(17, 9), toMs: day(18) },
        { fromMs: day(24), toMs: day(24, 9) },
      ],
      ...{ fives: [], minutes: [] },
    })
    expect(stretchesOf(window, 7_200_000)).toEqual({ days: [], hours: [window], fives: [], minutes: [] })
  })

  it('takes the whole hours that a long window touches', () => {
    const window = { fromMs: at('03:43:10'), toMs: at('16:07:20') }
    expect(alignWindow(window)).toEqual({ fromMs: at('03:00:00'), toMs: at('17:00:00') })
    expect(stretchesOf(window)).toEqual({ days: [], hours: [alignWindow(window)], fives: [], minutes: [] })
  })

  it('asks no table that it does not need', () => {
    const rows = { kinds: ['hop'], metrics: ['transit'] } as const
    const asked = (from: string, to: string) =>
      overRollup('', { windows: [{ fromMs: at(from), toMs: at(to) }], rows }).sql.match(/rollup_\d+[mhd]\n/g)
    expect(asked('09:00:00', '12:00:00')).toEqual(['rollup_1h\n'])
    expect(asked('09:02:00', '09:04:00')).toEqual(['rollup_1m\n'])
    expect(asked('08:55:00', '12:00:00')).toEqual(['rollup_1h\n', 'rollup_5m\n'])
  })
})

it('writes ids of any size', () => {
  for (const hex of ['0000000000000001', 'ffffffffffffffff', '00ab000000000000']) {
    expect(hexOf(String(unsignedOf(hex)))).toBe(hex)
  }
})

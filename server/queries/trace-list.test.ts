import { expect, it } from 'vitest'
import { minutesOf } from './trace-list.ts'

const hourMs = 60 * 60_000
const [first, last] = [Date.UTC(2030, 0, 1, 12, 0, 30), Date.UTC(2030, 0, 1, 12, 1, 10)]

/** Of a trace of twelve o'clock that settled so long ago. */
const placeOf = (agoMs: number) => ({
  ...{ firstNano: `${first}999999`, lastNano: `${last}000000`, late: false, spans: 2 },
  job: String(BigInt(Date.now() - agoMs) << 21n),
})

it('looks for spans of a settled trace in its own minutes, and just after it settled a little beside', () => {
  const minute = (at: number) => Date.UTC(2030, 0, 1, 12, at) / 1000
  expect(minutesOf(placeOf(2 * hourMs))).toEqual({ firstMinute: minute(0), lastMinute: minute(1) })
  expect(minutesOf(placeOf(10_000))).toEqual({ firstMinute: minute(-2), lastMinute: minute(3) })
})

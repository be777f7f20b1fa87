import { expect, test } from 'vitest'
import { lengthInWords, periodBefore } from './period.ts'

test('a period is named in the largest unit that it fills', () => {
  expect(periodBefore(3_600_000)).toBe('the hour before')
  expect(periodBefore(86_400_000)).toBe('the day before')
  expect(periodBefore(6 * 3_600_000)).toBe('the 6\u202fh before')
  expect(periodBefore(15 * 60_000)).toBe('the 15\u202fmin before')
  expect(lengthInWords(90 * 60_000)).toBe('90\u202fmin')
  expect(lengthInWords(20_000)).toBe('1\u202fmin')
})

test('what the server read beyond the minutes asked for is not told', () => {
  expect(periodBefore(61 * 60_000)).toBe('the hour before')
  expect(lengthInWords(16 * 60_000)).toBe('15\u202fmin')
  expect(lengthInWords(13 * 60_000)).toBe('13\u202fmin')
})

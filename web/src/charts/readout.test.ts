import { expect, test } from 'vitest'
import { cellText, readingsAt, stepInWords } from './readout.ts'

const shown = {
  lines: [{ name: 'p99', values: [412e6, null, null, null], look: 'solid' as const, needed: 100 }],
  areas: [
    { name: 'Gateways', values: [3e6, 0, null, 1e6], edge: '--gateway' as const },
    { name: 'Unknown', values: [1e6, 0, null, 0], edge: '--unknown' as const },
  ],
  counts: [1006, 40, 0, 500],
  sign: '≤',
}
const textsAt = (step: number) => readingsAt(shown, step, 'outside applications').map(({ name, text }) => [name, text])

test('a step says its figures with sign and unit, areas from the top with their sum', () => {
  expect(textsAt(0)).toEqual([
    ['p99', '≤ 412\u202fms'],
    ['Unknown', '1.00\u202fms'],
    ['Gateways', '3.00\u202fms'],
    ['outside applications', '4.00\u202fms'],
  ])
})

test('what is missing says why: too few, none, unknown; never 0', () => {
  expect(textsAt(1)[0]).toEqual(['p99', 'n < 100'])
  expect(textsAt(2)).toEqual([['p99', 'no requests']])
  expect(textsAt(3)[0]).toEqual(['p99', 'unknown'])
  expect(cellText({ values: [null] }, 0, 3, 'ms')).toBe('unknown')
  expect(cellText({ values: [5e5] }, 0, 3, 'ms')).toBe('0.50')
})

test('a step is named by both of its ends, by its day when it is long', () => {
  const ms = Date.UTC(2026, 10, 24, 14, 17)
  expect(stepInWords(ms, 120_000, 'UTC')).toBe('14:17 – 14:19')
  expect(stepInWords(ms, 3_600_000, 'UTC')).toBe('11-24 14:17 – 15:17')
  expect(stepInWords(ms, 86_400_000, 'UTC')).toBe('2026-11-24')
})

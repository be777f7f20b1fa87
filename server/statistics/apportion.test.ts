import { expect, it } from 'vitest'
import { apportion } from './apportion.ts'

it('gives whole shares that add up, the largest remainders rounded up', () => {
  expect(apportion([1, 1, 1], 100)).toEqual([34, 33, 33])
  expect(apportion([55, 25, 20], 10)).toEqual([6, 2, 2])
  expect(apportion([0, 5], 7)).toEqual([0, 7])
})

it('adds up for parts of any size', () => {
  for (let i = 1; i < 500; i++) {
    const parts = Array.from({ length: 1 + (i % 11) }, (_, j) => ((i * 7919 + j * 104_729) % 1_000_003) * 1e6 + j)
    const total = Math.round(parts.reduce((a, b) => a + b, 0) / i)
    expect(apportion(parts, total).reduce((a, b) => a + b, 0)).toBe(total)
  }
})

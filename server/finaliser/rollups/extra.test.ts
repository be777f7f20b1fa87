import { expect, it } from 'vitest'
import { Flag } from '../../analysis/flags.ts'
import { weightOf } from '../../analysis/sampling.ts'
import { extraOf } from './rollups.ts'

it('is nothing where nothing was sampled, and -1 where nobody told the rate', () => {
  expect([
    extraOf(1, 0),
    extraOf(1, Flag.modeled),
    extraOf(1, Flag.weightUnknown),
    extraOf(8, Flag.weightUnknown),
  ]).toEqual([0, 0, -1, -1])
})

it('is exact for whole weights up to 2,048, and within 0.05 % for any', () => {
  for (let weight = 1; weight <= 2048; weight++) expect(extraOf(weight, 0)).toBe(weight - 1)
  for (const weight of [10 / 3, 1.0001, 12_345.678, 2 ** 40 / 3]) {
    expect(Math.abs(extraOf(weight, 0) / (weight - 1) - 1)).toBeLessThan(0.0005)
  }
  expect(extraOf(weightOf('ot=th:fd70a4')!, 0)).toBe(99)
})

it('of a sampler that adapts all the time differs a thousand times an octave at most', () => {
  const all = new Set(Array.from({ length: 100_000 }, (_, i) => extraOf(3 + (2 * i) / 100_000, 0)))
  expect(all.size).toBeLessThanOrEqual(1025)
})

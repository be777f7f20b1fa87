import { expect, test } from 'vitest'
import { distribution } from '../overview/example.ts'
import { besideMedian, openingQuantile, quantilesWith, withMedian, figureOf } from './figure.ts'

test('pages open on the highest percentile that anything states', () => {
  const quantiles = [1, 2, 3, 4, 5, 6]
  expect(openingQuantile([distribution(300, quantiles), undefined])).toBe('p50')
  expect(openingQuantile([distribution(300, quantiles), distribution(5_000, quantiles)])).toBe('p99')
  expect(openingQuantile([])).toBe('p99')
})

test('the percentile chosen stands among p50, p95 and p99, and never without the median', () => {
  expect(quantilesWith('p99')).toEqual(['p50', 'p95', 'p99'])
  expect(quantilesWith('p999')).toEqual(['p50', 'p95', 'p99', 'p999'])
  expect(quantilesWith('mean')).toEqual(['p50', 'p95', 'p99', 'mean'])
  expect(besideMedian('p90')).toEqual(['p50', 'p90'])
  expect(besideMedian('p50')).toEqual(['p50', 'p99'])
})

test('a mean that stands alone brings its median along', () => {
  const of = distribution(300, [1, 2, 3, 4, 5, 6])
  expect(withMedian(figureOf(of, 'mean'), 'mean', of).medianNs).toBe(of.p50Ns)
  expect(withMedian(figureOf(of, 'p90'), 'p90', of)).not.toHaveProperty('medianNs')
})

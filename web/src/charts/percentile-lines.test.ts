import { describe, expect, it } from 'vitest'
import { series, startMs } from './heatmap-examples.ts'
import { percentileLines } from './percentile-lines.ts'

const frame = { stepMs: 60_000, x: (ms: number) => (ms - startMs) / 6_000, y: (ns: number) => 100 - ns }

describe('percentileLines', () => {
  it('join steps that follow each other at their middles', () => {
    const [line] = percentileLines(series(10, 20, 30), frame, 100)
    expect(line).toMatchObject({ quantile: 'p99', path: 'M5 90L15 80L25 70', stub: '', lastNs: 30 })
  })

  it('break at a missing step, which is dotted, not drawn as a value', () => {
    const [line] = percentileLines(series(10, 20, null, 30, 40), frame, 100)
    expect(line?.path).toBe('M5 90L15 80M35 70L45 60')
    expect(line?.stub).toBe('M15 80L35 70')
  })

  it('show a step between two gaps over its whole width', () => {
    const [line] = percentileLines(series(10, null, 20, null, 30), frame, 100)
    expect(line?.path).toBe('M5 90M0 90H10M25 80M20 80H30M45 70M40 70H50')
  })

  it('are labelled with what one step says, though a newer one says something of p95', () => {
    const [first, second] = series(30, 40)
    const points = [{ ...first!, p95Ns: 20 }, { ...second!, p99Ns: null, p95Ns: 50 }] // prettier-ignore
    expect(percentileLines(points, frame, 100).map(({ quantile, lastNs }) => [quantile, lastNs])).toEqual([
      ['p99', 30],
      ['p95', 20],
    ])
  })

  it('leave out a quantile nothing is known of', () => {
    expect(percentileLines(series(10), frame, 100).map(({ quantile }) => quantile)).toEqual(['p99'])
    expect(percentileLines([], frame, 100)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { pointOn } from './point.ts'
import { heightOf, scaleOf, valueAtHeight } from './scale.ts'

const minute = 60_000
const steps = { fromMs: 30_000, toMs: 2.5 * minute, stepMs: minute, times: [0, minute, 2 * minute], points: [] }
const plot = {
  steps,
  lines: [
    { name: 'before', values: [9e6, 9e6, 9e6], look: 'before' as const },
    { name: 'p99', values: [8e6, null, 8e6], look: 'solid' as const },
    { name: 'p50', values: [1e6, 1e6, null], look: 'dotted' as const },
  ],
  counts: [10, 5, 0],
  scale: scaleOf('log', [1e6, 9e6]),
  height: 200,
}
const yOf = (ns: number) => (1 - heightOf(plot.scale, ns)) * plot.height

describe('the point that a click means', () => {
  it('is on the line nearby, in that part of its step that is in the window', () => {
    expect(pointOn(plot, 31_000, yOf(8e6) + 3)).toEqual({ fromMs: 30_000, toMs: minute, ns: 8e6 })
    expect(pointOn(plot, 1.5 * minute, yOf(1e6) - 3)).toEqual({ fromMs: minute, toMs: 2 * minute, ns: 1e6 })
  })

  it('is where it is away from lines, and from those of the period before', () => {
    expect(pointOn(plot, 31_000, yOf(3e6))?.ns).toBeCloseTo(3e6, -1)
    expect(pointOn(plot, 1.5 * minute, yOf(9e6) + 1)?.ns).not.toBe(9e6)
  })

  it('is on the topmost line by key', () => {
    expect(pointOn(plot, 31_000, null)?.ns).toBe(8e6)
    expect(pointOn(plot, 1.5 * minute, null)?.ns).toBe(1e6)
  })

  it('is nowhere beneath the plot, outside the steps, or where there was no request', () => {
    expect(pointOn(plot, 31_000, 201)).toBeUndefined()
    expect(pointOn(plot, 10 * minute, 50)).toBeUndefined()
    expect(pointOn(plot, 2.2 * minute, 50)).toBeUndefined()
  })
})

it.each(['log', 'linear'] as const)('on a %s axis a height leads back to its value', (kind) => {
  const scale = scaleOf(kind, [1e6, 9e6])
  expect(valueAtHeight(scale, heightOf(scale, 3e6))).toBeCloseTo(3e6, 0)
})

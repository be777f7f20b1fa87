import { expect, test } from 'vitest'
import type { Series } from '../../../server/api/contract-measurements.ts'
import { areasOf } from './segment-areas.ts'
import { inOrderOfRequest, stackOf } from './segments.ts'

test('segments stand in the order of a request, whatever order they came in', () => {
  const classes = ['loopback', 'proxy.in', 'unknown', 'gateway.proc', 'wire'] as const
  const ordered = inOrderOfRequest(classes.map((each) => ({ class: each })))
  expect(ordered.map((each) => each.class)).toEqual(['gateway.proc', 'wire', 'proxy.in', 'loopback', 'unknown'])
})

test('a stack fills the bar and keeps the sum of what it was given', () => {
  const stack = stackOf([{ meanNs: 100 }, { meanNs: 0 }, { meanNs: 700 }, { meanNs: 200 }])
  expect(stack.totalNs).toBe(1_000)
  expect(stack.parts.map(({ from, to }) => [from, to].map((share) => Number(share.toFixed(3))))).toEqual([
    [0, 0.1],
    [0.1, 0.8],
    [0.8, 1],
  ])
})

test('areas of a step add up to its mean transit when a class is in only some of its requests', () => {
  const point = (ms: number, n: number, meanNs: number) => ({ startUnixNano: `${ms}000000`, n, meanNs })
  // Of 10 requests with a mean transit of 500 all have a wire of 400 and two have a retry of 500.
  const series = [{ points: [point(60_000, 10, 400)] }, { points: [point(60_000, 2, 500)] }] as unknown as Series[]
  const steps = { fromMs: 0, toMs: 120_000, stepMs: 60_000, times: [0, 60_000], points: [undefined, { n: 10 }] }
  const areas = areasOf(['wire', 'retry'], series, steps)
  expect(areas.map(({ values }) => values)).toEqual([
    [null, 400],
    [null, 100],
  ])
})

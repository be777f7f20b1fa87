import { describe, expect, it } from 'vitest'
import { blocksWithRuns, designEffect, drawRuns, type Runs } from './runs.ts'
import { retimedQuantiles } from './what-if.ts'

function randomFrom(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16807) % 2147483647) / 2147483647
}

/** As sample.sql says it. */
const isDrawn = ({ stretch, length, starts }: Runs, position: number) =>
  (position + stretch - starts[Math.floor(position / stretch)]!) % stretch < length

const positions = (requests: number) => Array.from({ length: requests }, (_, i) => i)

describe('runs', () => {
  it('are all requests where those are few', () => {
    const runs = drawRuns(500, 500, 250, () => 0.9)
    expect(positions(500).every((position) => isDrawn(runs, position))).toBe(true)
  })

  it.each([
    [501, 500],
    [1_999, 500],
    [10_007, 500],
    [40_000, 7],
  ])('of %d requests are no more than %d, and nearly as many', (requests, most) => {
    const runs = drawRuns(requests, most, 50, randomFrom(requests))
    const drawn = positions(requests).filter((position) => isDrawn(runs, position)).length
    expect(drawn).toBeLessThanOrEqual(most)
    expect(drawn).toBeGreaterThan(0.9 * most)
  })

  it('draw each request as often as any other', () => {
    const counts = new Array<number>(120).fill(0)
    const random = randomFrom(3)
    for (let i = 0; i < 4_000; i++) {
      const runs = drawRuns(120, 30, 5, random)
      for (const position of positions(120)) counts[position]! += Number(isDrawn(runs, position))
    }
    expect(Math.min(...counts)).toBeGreaterThan(900)
    expect(Math.max(...counts)).toBeLessThan(1_100)
  })

  it('lie in the blocks that are read, and in no others', () => {
    const random = randomFrom(5)
    let before = 0
    const blocks = Array.from({ length: 60 }, () => {
      const requests = Math.floor(30 * random())
      return { requests, before: (before += requests) - requests }
    })
    const runs = drawRuns(before, 90, 15, random)
    const having = blocks.filter((block) =>
      positions(block.requests).some((position) => isDrawn(runs, block.before + position)),
    )
    expect(blocksWithRuns(blocks, runs)).toEqual(having)
    expect(having.length).toBeLessThan(blocks.length)
  })
})

describe('what runs tell', () => {
  const [count, length] = [200, 10]
  const runs = positions(count * length).map((i) => Math.floor(i / length))

  it('is as much as independent requests do where neighbours have nothing in common', () => {
    const random = randomFrom(7)
    const values = runs.map(() => random() - 0.5)
    expect(designEffect(runs, (i) => values[i]!)).toBeLessThan(1.4)
  })

  it('is as much as one request of each where neighbours are alike', () => {
    const random = randomFrom(7)
    const values = positions(count).map(() => random() - 0.5)
    const effect = designEffect(runs, (i) => values[runs[i]!]!)
    expect(effect).toBeGreaterThan(0.7 * length)
    expect(effect).toBeLessThan(1.3 * length)
  })

  it('is not less for what changes slowly', () => {
    expect(designEffect(runs, (i) => runs[i]! - (count - 1) / 2)).toBe(1)
  })

  it('has the median within its interval as often as is said, where independent requests would not', () => {
    const random = randomFrom(11)
    let [within, wouldBe] = [0, 0]
    const tries = 300
    for (let i = 0; i < tries; i++) {
      const slow = positions(count).map(() => random())
      const before = Float64Array.from(runs, (run) => slow[run]! + random())
      const one = { before, lower: before, upper: before }
      const [told] = retimedQuantiles({ ...one, runs }, [0.5])
      const [naive] = retimedQuantiles(one, [0.5])
      within += Number(told!.beforeLoNs <= 1 && told!.beforeHiNs >= 1)
      wouldBe += Number(naive!.beforeLoNs <= 1 && naive!.beforeHiNs >= 1)
    }
    expect(within / tries).toBeGreaterThan(0.9)
    expect(wouldBe / tries).toBeLessThan(0.8)
  })
})

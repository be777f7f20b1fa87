import { describe, expect, it } from 'vitest'
import { agreementOfFirst, allBut, mostCovered, type Interval } from './intersection.ts'
import { tighten, type Edge } from './network.ts'
import { offsetTable, type OffsetRow } from './offsets.ts'
import { estimateWindow, windowMs, type Sample } from './windows.ts'

/** algorithms.md section 4. Worked figures in the unit that the contract uses, all else in ns. */
const us = 1000
const ms = 1_000_000

/** Reproducible randomness. */
function randomOf(seed: number) {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return {
    next,
    /** Log-normal around `median`, with a long tail as queues have. */
    delay: (median: number) =>
      median * Math.exp(0.8 * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
  }
}

/** An exchange as spans show it: what the request and the response took bounds the offset from both sides. */
const exchange = (theta: number, request: number, response: number): Interval => ({
  lo: Math.round(theta - response),
  up: Math.round(theta + request),
})

const pair = (p: [number, number], c: [number, number]): Interval => ({ lo: c[1] - p[1], up: c[0] - p[0] })

describe('intervals of an offset', () => {
  it('SKEW-1: most agree on [950, 1100], 3 of 4', () => {
    const intervals = [
      pair([0, 1000], [1300, 1800]),
      pair([5000, 5600], [6100, 6450]),
      pair([9000, 10000], [10500, 10950]),
      { lo: 1500, up: 1700 },
    ]
    expect(intervals.slice(0, 3)).toEqual([
      { lo: 800, up: 1300 },
      { lo: 850, up: 1100 },
      { lo: 950, up: 1500 },
    ])
    const agreed = mostCovered(intervals)!
    expect(agreed).toEqual({ lo: 950, up: 1100, m: 3 })
    expect([(agreed.lo + agreed.up) / 2, (agreed.up - agreed.lo) / 2]).toEqual([1025, 75])
  })

  it('count both ends, and reach from the first best value to the last', () => {
    expect(mostCovered([])).toBeNull()
    expect(
      mostCovered([
        { lo: 1, up: 5 },
        { lo: 5, up: 9 },
      ]),
    ).toEqual({ lo: 5, up: 5, m: 2 })
    expect(
      mostCovered([
        { lo: 1, up: 2 },
        { lo: 8, up: 9 },
      ]),
    ).toEqual({ lo: 1, up: 9, m: 1 })
  })

  it('agree as counting at every end by hand does, whole and in beginnings', () => {
    const random = randomOf(7)
    for (let round = 0; round < 300; round++) {
      const intervals = Array.from({ length: 1 + Math.floor(random.next() * 30) }, () => {
        const lo = Math.floor(random.next() * 40)
        return { lo, up: lo + Math.floor(random.next() * 15) }
      })
      const held = (some: readonly Interval[], x: number) => some.filter(({ lo, up }) => lo <= x && x <= up).length
      const most = (some: readonly Interval[]) =>
        Math.max(...some.flatMap(({ lo, up }) => [held(some, lo), held(some, up)]))
      const m = most(intervals)
      const points = intervals.flatMap(({ lo, up }) => [lo, up]).filter((x) => held(intervals, x) === m)
      expect(mostCovered(intervals)).toEqual({ lo: Math.min(...points), up: Math.max(...points), m })
      const around = [...points]
      for (let x = Math.min(...points); held(intervals, x) >= m - 1 && x >= -1; x -= 0.5) around.push(x)
      for (let x = Math.max(...points); held(intervals, x) >= m - 1 && x <= 60; x += 0.5) around.push(x)
      if (m > 1)
        expect(allBut(1, intervals, mostCovered(intervals)!)).toEqual({
          lo: Math.min(...around),
          up: Math.max(...around),
        })
      expect(agreementOfFirst(intervals)).toEqual(intervals.map((_, i) => most(intervals.slice(0, i + 1))))
    }
  })
})

const samplesOf = (n: number, fromMs: number, toMs: number, of: (i: number) => Interval): Sample[] =>
  Array.from({ length: n }, (_, i) => ({ at: fromMs + ((i + 0.5) * (toMs - fromMs)) / n, ...of(i) }))

describe('windows', () => {
  const t0 = 1_700_000_100_000 - (1_700_000_100_000 % windowMs)
  const random = randomOf(11)
  const good = (theta: number) => () =>
    exchange(theta, 100 * us + random.delay(80 * us), 150 * us + random.delay(120 * us))

  it('say nothing with fewer than 20 exchanges, and look back an hour to get them', () => {
    const few = samplesOf(19, t0, t0 + windowMs, good(ms))
    expect(estimateWindow(few, t0, t0 + windowMs)).toEqual([])
    const older = samplesOf(4, t0 - 55 * 60_000, t0 - 50 * 60_000, good(ms))
    const [estimate] = estimateWindow([...older, ...few], t0, t0 + windowMs)
    expect(estimate).toMatchObject({ fromMs: t0, toMs: t0 + windowMs, n: 23, m: 23 })
    const tooOld = samplesOf(4, t0 - 65 * 60_000, t0 - 60 * 60_000, good(ms))
    expect(estimateWindow([...tooOld, ...few], t0, t0 + windowMs)).toEqual([])
  })

  it('SKEW-4: with 5 % falsetickers the offset is off by less than 0.3 ms, the truth inside, and the bounds wider by 10 % at least', () => {
    for (let round = 0; round < 20; round++) {
      const theta = (random.next() * 4 - 2) * ms
      const bad = () =>
        exchange(theta + (random.next() < 0.5 ? -1 : 1) * (1 + 24 * random.next()) * ms, 200 * us, 200 * us)
      const samples = samplesOf(200, t0, t0 + windowMs, (i) => (i % 20 === 7 ? bad() : good(theta)()))
      const [estimate, ...others] = estimateWindow(samples, t0, t0 + windowMs)
      expect(others).toEqual([])
      expect(estimate!.m / estimate!.n).toBeGreaterThanOrEqual(0.94)
      const { lo, up } = estimate!.bounds!
      expect(Math.abs((lo + up) / 2 - theta)).toBeLessThan(0.3 * ms)
      expect(lo <= theta && theta <= up).toBe(true)
      const agreed = mostCovered(samples)!
      expect((up - lo) / (agreed.up - agreed.lo)).toBeGreaterThanOrEqual(1.1 - 1e-9)
    }
  })

  it('SKEW-5: a clock that steps inside a window splits it at the step', () => {
    const stepMs = t0 + 200_000
    const samples = samplesOf(300, t0, t0 + windowMs, () => ({ lo: 0, up: 0 })).map(({ at }) => ({
      at,
      ...good(at < stepMs ? ms : -4 * ms)(),
    }))
    const estimates = estimateWindow(samples, t0, t0 + windowMs)
    expect(estimates).toHaveLength(3)
    const [before, between, after] = estimates
    expect([before!.fromMs, after!.toMs]).toEqual([t0, t0 + windowMs])
    // When it was set, the exchange before and the one after do not tell.
    expect(between).toMatchObject({ fromMs: before!.toMs, toMs: after!.fromMs, bounds: null })
    expect([before!.toMs, after!.fromMs]).toEqual([t0 + 199_500, t0 + 200_500])
    expect(before!.bounds!.lo <= ms && ms <= before!.bounds!.up).toBe(true)
    expect(after!.bounds!.lo <= -4 * ms && -4 * ms <= after!.bounds!.up).toBe(true)
    expect(before!.m + after!.m).toBe(300)
  })

  it('forget what was before a step as soon as it shows, though little is known of after it', () => {
    const stepMs = t0 + windowMs - 10_000
    const samples = samplesOf(300, t0, t0 + windowMs, () => ({ lo: 0, up: 0 })).map(({ at }) => ({
      at,
      ...good(at < stepMs ? 0 : 30 * ms)(),
    }))
    const estimates = estimateWindow(samples, t0, t0 + windowMs)
    const [before, ...after] = estimates
    expect([before!.bounds === null, after.map(({ bounds }) => bounds)]).toEqual([false, [null, null]])
    expect([after[0]!.fromMs, after.at(-1)!.toMs]).toEqual([before!.toMs, t0 + windowMs])
  })

  it('do not hold where a few exchanges in a row contradict them, at the beginning or end; a single one is false', () => {
    const held = (wrong: (i: number) => boolean) =>
      estimateWindow(
        samplesOf(60, t0, t0 + windowMs, (i) => good(wrong(i) ? 30 * ms : 0)()),
        t0,
        t0 + windowMs,
      ).map(({ fromMs, toMs, bounds }) => [fromMs - t0, toMs - t0, bounds !== null])
    expect(held((i) => i < 4)).toEqual([
      [0, 22_500, false],
      [22_500, windowMs, true],
    ])
    expect(held((i) => i >= 56)).toEqual([
      [0, 277_500, true],
      [277_500, windowMs, false],
    ])
    expect(held((i) => i === 0 || i === 59 || (i > 20 && i < 25))).toEqual([[0, windowMs, true]])
  })

  it('allow for what disciplined clocks drift within a window, 0.2 ppm', () => {
    for (let round = 0; round < 20; round++) {
      const drift = ({ at }: Sample) => (at - t0) * 0.2
      const samples = samplesOf(400, t0, t0 + windowMs, () => ({ lo: 0, up: 0 })).map((sample) => ({
        ...sample,
        ...exchange(drift(sample), 40 * us + random.delay(20 * us), 40 * us + random.delay(20 * us)),
      }))
      const bounds = estimateWindow(samples, t0, t0 + windowMs)[0]!.bounds!
      expect([bounds.lo <= 0, bounds.up >= windowMs * 0.2]).toEqual([true, true])
    }
  })

  it('do not trust the ends of applications: one in twenty of their spans may end late', () => {
    const samples = samplesOf(100, t0, t0 + windowMs, (i) => ({ lo: i === 50 ? 100 * us : -300 * us, up: 400 * us }))
    const boundsOf = (lateEnd: boolean) =>
      estimateWindow(
        samples.map((sample) => ({ ...sample, lateEnd })),
        t0,
        t0 + windowMs,
      )[0]!.bounds
    // And 0.2 ppm of half a window on both sides.
    expect([boundsOf(false), boundsOf(true)]).toEqual([
      { lo: 70 * us, up: 430 * us },
      { lo: -330 * us, up: 430 * us },
    ])
  })

  it('shrink to 30 s and say unknown where nothing agrees', () => {
    const samples = samplesOf(600, t0, t0 + windowMs, () =>
      exchange((random.next() - 0.5) * 900 * ms, 100 * us, 100 * us),
    )
    const estimates = estimateWindow(samples, t0, t0 + windowMs)
    expect(estimates.every(({ bounds }) => bounds === null)).toBe(true)
    expect(estimates.every(({ fromMs, toMs }) => toMs - fromMs < 60_000)).toBe(true)
    const half = samples.map((sample) => (sample.at < t0 + windowMs / 2 ? sample : { ...sample, ...good(ms)() }))
    expect(estimateWindow(half, t0, t0 + windowMs).at(-1)!.bounds).not.toBeNull()
  })
})

describe('the network of clocks', () => {
  const edge = (from: string, to: string, lo: number, up: number, m = 20): Edge => ({ from, to, lo, up, m, n: 20 })

  it('SKEW-2: the reverse direction tightens', () => {
    const { between, dropped } = tighten([edge('x', 'y', 800, 1300), edge('y', 'x', -1100, -700)])
    expect(between('x', 'y')).toEqual({ lo: 800, up: 1100 })
    expect(between('y', 'x')).toEqual({ lo: -1100, up: -800 })
    expect(dropped).toEqual([])
  })

  it('tightens over a third clock, and knows pairs that never talked', () => {
    const { between } = tighten([edge('x', 'y', 0, 1000), edge('x', 'z', 100, 200), edge('z', 'y', 300, 400)])
    expect(between('x', 'y')).toEqual({ lo: 400, up: 600 })
    expect(tighten([edge('x', 'z', 100, 200), edge('z', 'y', 300, 400)]).between('x', 'y')).toEqual({
      lo: 400,
      up: 600,
    })
    expect(between('x', 'nowhere')).toBeUndefined()
  })

  it('SKEW-3: of three clocks that contradict each other the edge with the fewest exchanges goes', () => {
    const weak = edge('x', 'z', 9000, 9100, 17)
    const { between, dropped } = tighten([edge('x', 'y', 900, 1000), edge('y', 'z', 1900, 2000), weak])
    expect(dropped).toEqual([weak])
    expect(between('x', 'z')).toEqual({ lo: 2800, up: 3000 })
  })

  it('takes more than 300 clocks, each pair over one clock between', () => {
    const clocks = Array.from({ length: 400 }, (_, i) => `n${i}`)
    const { between } = tighten(
      clocks
        .slice(1)
        .flatMap((name, i) => [
          edge(clocks[0]!, name, 10, 20),
          edge(clocks[i]!, name, i === 0 ? 10 : -10, i === 0 ? 20 : 10),
        ]),
    )
    expect(between('n5', 'n6')).toEqual({ lo: -10, up: 10 })
    expect(between('n0', 'n6')).toEqual({ lo: 10, up: 20 })
  })

  const simulate = (seed: number, badShare: number) => {
    const random = randomOf(seed)
    const truth = Array.from({ length: 12 }, () => (random.next() * 4 - 2) * ms)
    const t0 = 300 * windowMs
    const edges: Edge[] = []
    for (let x = 0; x < truth.length; x++)
      for (let y = 0; y < truth.length; y++) {
        if (x === y) continue
        const theta = truth[y]! - truth[x]!
        const slower = 1 + random.next()
        const samples = samplesOf(150, t0, t0 + windowMs, () => {
          const good = exchange(theta, 60 * us + random.delay(90 * us), slower * 60 * us + random.delay(150 * us))
          const shift = random.next() < badShare ? (random.next() - 0.5) * 50 * ms : 0
          return { lo: good.lo + shift, up: good.up + shift }
        })
        for (const { bounds, n, m } of estimateWindow(samples, t0, t0 + windowMs))
          if (bounds) edges.push({ from: `h${x}`, to: `h${y}`, ...bounds, n, m })
      }
    const { between, dropped } = tighten(edges)
    const errors: number[] = []
    let inside = 0
    let pairs = 0
    for (let x = 0; x < truth.length; x++)
      for (let y = x + 1; y < truth.length; y++) {
        const bounds = between(`h${x}`, `h${y}`)
        if (!bounds) continue
        const theta = truth[y]! - truth[x]!
        pairs++
        errors.push(Math.abs((bounds.lo + bounds.up) / 2 - theta))
        inside += Number(bounds.lo <= theta && theta <= bounds.up)
      }
    errors.sort((a, b) => a - b)
    return { median: errors[Math.floor(errors.length / 2)]!, inside: inside / pairs, pairs, dropped: dropped.length }
  }

  it.each([1, 2, 3, 4, 5])(
    'finds generated offsets within 10 µs at the median, the truth always inside (seed %i)',
    (seed) => {
      const { median, inside, pairs, dropped } = simulate(seed, 0)
      expect([pairs, inside, dropped]).toEqual([66, 1, 0])
      expect(median).toBeLessThanOrEqual(10 * us)
    },
  )

  it.each([1, 2, 3, 4, 5])(
    'finds them within 60 µs at the median where 5 % of the exchanges are false (seed %i)',
    (seed) => {
      const { median, pairs, inside } = simulate(seed, 0.05)
      expect(pairs).toBe(66)
      expect(median).toBeLessThanOrEqual(60 * us)
      expect(inside).toBe(1)
    },
  )
})

describe('the table of offsets', () => {
  const row = (from: string, to: string, fromMs: number, bounds: Interval | null, job = 1n): OffsetRow => ({
    ...{ from, to, fromMs, bounds, job },
    windowMs: Math.floor(fromMs / windowMs) * windowMs,
    toMs: fromMs + windowMs,
    n: 20,
    m: 20,
  })
  const table = offsetTable()
  table.add(row('y', 'x', 0, { lo: -1100, up: -950 }))

  it('answers in both directions, and for no other pair', () => {
    expect(table.lookup('x', 'y', 1000)).toEqual({ theta: 1025, epsilon: 75 })
    expect(table.lookup('y', 'x', 1000)).toEqual({ theta: -1025, epsilon: 75 })
    expect(table.lookup('x', 'z', 1000)).toBeUndefined()
  })

  it('tells whole nanoseconds that hold the whole interval, as facts store what is made of them', () => {
    const odd = offsetTable()
    odd.add(row('x', 'y', 0, { lo: 501640.00244140625, up: 501743.75 }))
    for (const [from, to] of ['xy', 'yx'] as const) {
      const { theta, epsilon } = odd.lookup(from!, to!, windowMs + 0.7)!
      expect([theta, epsilon].every(Number.isInteger)).toBe(true)
      const middle = from === 'x' ? theta : -theta
      expect(middle - epsilon).toBeLessThanOrEqual(501640.00244140625 - 35)
      expect(middle + epsilon).toBeGreaterThanOrEqual(501743.75 + 35)
      expect(epsilon).toBeLessThan(52 + 35 + 2)
    }
  })

  it('carries an estimate on, 50 ppm less certain, for half an hour, and never back', () => {
    expect(table.lookup('x', 'y', windowMs + 60_000)).toEqual({ theta: 1025, epsilon: 75 + 50e-6 * 60_000_000_000 })
    expect(table.lookup('x', 'y', windowMs + 30 * 60_000)).toBeDefined()
    expect(table.lookup('x', 'y', windowMs + 30 * 60_000 + 1)).toBeUndefined()
    expect(table.lookup('x', 'y', -1)).toBeUndefined()
  })

  it('knows nothing from where the exchanges contradict each other', () => {
    table.add(row('x', 'y', windowMs, null))
    expect(table.lookup('x', 'y', windowMs - 1)).toBeDefined()
    expect(table.lookup('x', 'y', windowMs)).toBeUndefined()
  })

  it('goes by the newest job of each window, in whatever order they come', () => {
    const later = offsetTable()
    const split = windowMs + 60_000
    later.add(row('x', 'y', windowMs, { lo: 0, up: 100 }, 5n))
    later.add({ ...row('x', 'y', windowMs, { lo: 0, up: 10 }, 7n), toMs: split })
    later.add(row('x', 'y', split, { lo: 500, up: 510 }, 7n))
    later.add(row('x', 'y', windowMs + 90_000, { lo: 900, up: 990 }, 6n))
    later.add(row('x', 'y', 0, { lo: -10, up: 10 }, 3n))
    expect([0, split - 1, split, split + 60_000].map((ms) => later.lookup('x', 'y', ms)!.theta)).toEqual([
      0, 5, 505, 505,
    ])
  })

  it('forgets the pairs that were told of longest ago', () => {
    const small = offsetTable(2)
    for (const to of ['b', 'c', 'd']) small.add(row('a', to, 0, { lo: 0, up: 0 }))
    expect(['b', 'c', 'd'].map((to) => small.lookup('a', to, 0) !== undefined)).toEqual([false, true, true])
  })
})

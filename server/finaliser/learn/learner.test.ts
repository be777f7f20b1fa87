import { describe, expect, it } from 'vitest'
import { picture } from '../../../test/picture.ts'
import { analyseTrace } from '../../analysis/analyse.ts'
import { windowMs } from '../../analysis/clock/windows.ts'
import { Flag } from '../../analysis/flags.ts'
import type { Exchange, TraceAnalysis } from '../../analysis/types.ts'
import { calleeLearner } from './callees.ts'
import { clockLearner } from './clocks.ts'
import { openLearner } from './learner.ts'

const us = 1000
const ms = 1_000_000
const t0 = 1_700_000_100_000

/** Reproducible, 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}

const random = randomOf(5)
const side = (machine: string, zone = ''): Exchange['from'] => ({ machine, zone })

/** One exchange of a trace of its own, at Unix ms. */
function traceOf(
  atMs: number,
  exchange: Partial<Exchange>,
): Pick<TraceAnalysis, 'spans' | 'lateEnds' | 'edges' | 'exchanges' | 'traceId' | 'baseUnixNano'> {
  const whole = { from: side('x'), to: side('y'), at: 0, offset: null, lateEnd: false, wireNs: null, ...exchange }
  const traceId = Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(32, '0')
  return {
    spans: [],
    lateEnds: [],
    edges: [],
    exchanges: [whole],
    traceId,
    baseUnixNano: BigInt(Math.round(atMs)) * 1_000_000n,
  }
}
const watch = (learner: ReturnType<typeof openLearner>, atMs: number, exchange: Partial<Exchange>) =>
  learner.watch(traceOf(atMs, exchange) as TraceAnalysis)

const around = (theta: number) => ({ lo: theta - (100 + 200 * random()) * us, up: theta + (100 + 200 * random()) * us })

describe('clock offsets', () => {
  it('hold for the jobs after the one that taught them, for both directions', () => {
    const learner = openLearner()
    const offset = () => learner.settings.offset!('y', 'x', t0 + 60_000)
    for (let i = 0; i < 19; i++) watch(learner, t0 + i * 1000, { offset: around(5 * ms) })
    expect(learner.learn(1n).rows.offsets).toEqual([])
    expect(offset()).toBeUndefined()
    watch(learner, t0 + 20_000, { offset: around(5 * ms) })
    expect(offset()).toBeUndefined()
    const { rows } = learner.learn(2n)
    expect(rows.offsets).toMatchObject([{ from: 'x', to: 'y', job: 2n, n: 20, m: 20 }])
    expect(Math.abs(offset()!.theta + 5 * ms)).toBeLessThanOrEqual(offset()!.epsilon)
    expect(offset()!.epsilon).toBeLessThan(0.2 * ms)
  })

  it('are told again when they grew half as sure, not with every job', () => {
    const learner = openLearner()
    let told = 0
    for (let job = 1n; job <= 300n; job++) {
      for (let i = 0; i < 10; i++) watch(learner, t0 + Number(job) * 900, { offset: around(0) })
      told += learner.learn(job).rows.offsets.length
    }
    expect(told).toBeGreaterThan(0)
    expect(told).toBeLessThan(12)
  })

  it('follow a step within one job', () => {
    const learner = openLearner()
    for (let i = 0; i < 1000; i++) watch(learner, t0 + i * 100, { offset: around(0) })
    learner.learn(1n)
    for (let i = 0; i < 30; i++) watch(learner, t0 + 110_000 + i * 100, { offset: around(-20 * ms) })
    learner.learn(2n)
    const at = (atMs: number) => learner.settings.offset!('x', 'y', atMs)
    expect(Math.abs(at(t0 + 50_000)!.theta)).toBeLessThan(0.1 * ms)
    expect(Math.abs(at(t0 + 112_000)!.theta + 20 * ms)).toBeLessThan(0.1 * ms)
  })

  it('of a pair with few exchanges come from third clocks', () => {
    const learner = openLearner()
    for (let i = 0; i < 50; i++) {
      watch(learner, t0 + i * 100, { from: side('x'), to: side('z'), offset: around(3 * ms) })
      watch(learner, t0 + i * 100, { from: side('z'), to: side('y'), offset: around(4 * ms) })
    }
    watch(learner, t0, { offset: around(7 * ms) })
    const { rows } = learner.learn(1n)
    expect(rows.offsets.find(({ from, to }) => from === 'x' && to === 'y')).toMatchObject({ n: 0, m: 0 })
    const { theta, epsilon } = learner.settings.offset!('x', 'y', t0)!
    expect(Math.abs(theta - 7 * ms)).toBeLessThanOrEqual(epsilon)
  })

  it('say which pair contradicts the others, once', () => {
    const learner = openLearner()
    const teach = (from: string, to: string, theta: number, n: number) => {
      for (let i = 0; i < n; i++) watch(learner, t0 + i, { from: side(from), to: side(to), offset: around(theta) })
    }
    for (const job of [1n, 2n]) {
      teach('x', 'y', ms, 60)
      teach('y', 'z', ms, 60)
      teach('x', 'z', 9 * ms, 40)
      expect(learner.learn(job).warnings).toEqual(
        job === 1n ? ['the clocks of x and z contradict those of others: 40 of 40 exchanges are left out'] : [],
      )
    }
    expect(Math.abs(learner.settings.offset!('x', 'z', t0)!.theta - 2 * ms)).toBeLessThan(0.2 * ms)
  })

  it('stay the same when the learner is restored from its rows', () => {
    const learner = openLearner()
    for (let i = 0; i < 500; i++) watch(learner, t0 + i * 700, { offset: around(i < 250 ? 0 : 50 * ms) })
    const restored = openLearner()
    restored.remember(learner.learn(1n).rows)
    for (let at = t0 - 1000; at < t0 + 45 * 60_000; at += 20_000)
      expect(restored.settings.offset!('x', 'y', at)).toEqual(learner.settings.offset!('x', 'y', at))
  })

  it('keep 2,000 exchanges of a pair and window, and those of an hour, whatever comes', () => {
    const clocks = clockLearner()
    for (let i = 0; i < 60_000; i++) {
      const at = t0 + (i % 40) * windowMs + i
      clocks.add('x', 'y', { at, ...around(0), hash: Math.floor(random() * 2 ** 32) })
      if (i % 5000 === 4999) clocks.learn(BigInt(i))
    }
    expect(clocks.size()).toBeLessThan(14 * 2_000)
    for (let i = 0; i < 60_000; i++)
      clocks.add('x', 'y', { at: t0 + 50 * windowMs, ...around(0), hash: Math.floor(random() * 2 ** 32) })
    expect(clocks.size()).toBeLessThan(16 * 2_000)
    const [row] = clocks.learn(9_999_999n).rows
    expect(row!.n).toBeGreaterThan(900)
    expect(row!.n).toBeLessThanOrEqual(2_000)
  })
})

describe('wire times', () => {
  it('are floor and median of the trailing hour, by machine, else by zone', () => {
    const learner = openLearner()
    const wire = (from: string, to: string, atMs = t0 + windowMs) =>
      learner.settings.wire!(side(from, 'a'), side(to, 'b'), atMs)
    for (let i = 0; i < 19; i++)
      watch(learner, t0 - i * 1000, { from: side('x', 'a'), to: side('y', 'b'), wireNs: 400 * us })
    learner.learn(1n)
    expect(wire('x', 'y')).toBeNull()
    watch(learner, t0 + windowMs, { from: side('x', 'a'), to: side('y', 'b'), wireNs: 4000 * us })
    const { rows } = learner.learn(2n)
    expect(rows.wires.map(({ level, from, to, n }) => [level, from, to, n])).toEqual([
      ['machine', 'x', 'y', 20],
      ['zone', 'a', 'b', 20],
    ])
    for (const value of [wire('x', 'y'), wire('other', 'y'), rows.wires[0]!.floor])
      expect(Math.abs(value! / (400 * us) - 1)).toBeLessThanOrEqual(0.011)
    expect(wire('y', 'x')).not.toBeNull()
    expect(learner.settings.wire!(side('y'), side('x'), t0 + windowMs)).toBeNull()
    expect(wire('x', 'y', t0 + windowMs + 61 * 60_000)).toBeNull()
  })

  it('are told again with half as many values more, and with the first of a window', () => {
    const learner = openLearner()
    let told = 0
    for (let job = 1n; job <= 100n; job++) {
      for (let i = 0; i < 20; i++) watch(learner, t0 + Number(job), { wireNs: 300 * us })
      told += learner.learn(job).rows.wires.length
    }
    expect(told).toBeLessThan(12)
    watch(learner, t0 + windowMs, { wireNs: 300 * us })
    expect(learner.learn(101n).rows.wires).toMatchObject([
      { windowMs: Math.floor(t0 / windowMs) * windowMs + windowMs, n: 2001 },
    ])
  })
})

describe('callees', () => {
  const use = (answered: boolean, deep = false, orphans = false) => ({ edge: 'e', answered, deep, orphans })
  const asked = (learner: ReturnType<typeof calleeLearner>, n: number, answered: number, job: bigint, atMs = t0) => {
    for (let i = 0; i < n; i++) learner.add(use(i < answered), atMs)
    return learner.learn(job).map((row) => row.callee)
  }

  it('MISS-2: leave spans at an edge that is 50 % instrumented, are external at one that is 1 %', () => {
    expect(asked(calleeLearner(), 100, 50, 1n)).toEqual(['traced'])
    expect(asked(calleeLearner(), 100, 1, 1n)).toEqual(['external'])
    expect(asked(calleeLearner(), 100, 5, 1n)).toEqual(['traced'])
    expect(asked(calleeLearner(), 100, 4, 1n)).toEqual(['external'])
    expect(asked(calleeLearner(), 19, 19, 1n)).toEqual([])
  })

  it('stay what they were between 3 % and 7 %', () => {
    const learner = calleeLearner()
    const hours = (n: number) => t0 + n * 2 * 60 * 60_000
    expect(asked(learner, 1000, 60, 1n, hours(0))).toEqual(['traced'])
    expect(asked(learner, 1000, 31, 2n, hours(1))).toEqual(['traced'])
    expect(asked(learner, 1000, 29, 3n, hours(2))).toEqual(['external'])
    expect(asked(learner, 1000, 69, 4n, hours(3))).toEqual(['external'])
    expect(asked(learner, 1000, 70, 5n, hours(4))).toEqual(['traced'])
  })

  it('are sampled where the answered ones show several processes and the silent ones no orphan', () => {
    const learner = calleeLearner()
    for (let i = 0; i < 100; i++) learner.add(use(i % 2 === 0, i % 2 === 0), t0)
    expect(learner.learn(1n).map((row) => row.callee)).toEqual(['sampled'])
    const lossy = calleeLearner()
    for (let i = 0; i < 100; i++) lossy.add(use(i % 2 === 0, i % 2 === 0, i % 2 === 1), t0)
    expect(lossy.learn(1n).map((row) => [row.callee, row.asked])).toEqual([['traced', 50]])
  })

  it('are told once a window and when they change', () => {
    const learner = calleeLearner()
    expect(asked(learner, 100, 50, 1n)).toEqual(['traced'])
    expect(asked(learner, 100, 50, 2n)).toEqual([])
    expect(asked(learner, 100_000, 0, 3n)).toEqual(['external'])
    expect(asked(learner, 100, 0, 4n, t0 + windowMs)).toEqual(['external'])
  })
})

describe('habits of emitters', () => {
  const analyse = (learner: ReturnType<typeof openLearner>, drawing: string, baseMs = t0) =>
    analyseTrace(
      { ...picture(drawing), baseUnixNano: BigInt(baseMs) * 1_000_000n },
      { networkRttNs: null, ...learner.settings },
    )
  const child = (from: string, to: string) => `
    P S in:a 0-10000.7
      C S go:b ${from}-${to}`

  it('show starts on a grid, and durations that may be a millisecond off', () => {
    const learner = openLearner()
    const drawing = child('1000', '9000')
    for (let i = 0; i < 499; i++) learner.watch(analyse(learner, drawing))
    expect(learner.learn(1n).rows.emitters).toEqual([])
    expect(analyse(learner, drawing).flags & Flag.coarseClock).toBe(0)
    learner.watch(analyse(learner, drawing))
    expect(learner.learn(2n).rows.emitters).toMatchObject([{ service: 'b', grid: ms, coarse: ms, n: 500 }])
    const after = analyse(learner, drawing)
    expect(after.flags & Flag.coarseClock).not.toBe(0)
    expect(after.proxies[0]!.overhead).toMatchObject({ loNs: 0, fidelity: 'bounded' })
    expect(learner.learn(3n).rows.emitters).toEqual([])
  })

  it('are those of starts alone where durations are exact, and are taken back when a span says otherwise', () => {
    const learner = openLearner()
    for (let i = 0; i < 500; i++) learner.watch(analyse(learner, child('1000', '9000.123')))
    const { rows } = learner.learn(1n)
    expect(rows.emitters).toMatchObject([{ service: 'b', grid: ms, coarse: 0 }])
    expect(analyse(learner, child('1000', '9000.123')).flags & Flag.coarseClock).toBe(0)
    learner.watch(analyse(learner, child('1000.5', '9000')))
    expect(learner.learn(2n).rows.emitters).toMatchObject([{ service: 'b', grid: 0, coarse: 0 }])
    // A learner that was restored knows what there is to take back.
    const restored = openLearner()
    restored.remember(rows)
    for (let i = 0; i < 500; i++) restored.watch(analyse(restored, child('1000.5', '9000')))
    expect(restored.learn(3n).rows.emitters).toMatchObject([{ service: 'b', grid: 0, coarse: 0 }])
  })

  it('are those of the hour', () => {
    const learner = openLearner()
    for (let i = 0; i < 500; i++) learner.watch(analyse(learner, child('1000.5', '9000')))
    expect(learner.learn(1n).rows.emitters).toEqual([])
    for (let i = 0; i < 500; i++) learner.watch(analyse(learner, child('1000', '9000.5'), t0 + 3600_000))
    expect(learner.learn(2n).rows.emitters).toMatchObject([{ grid: ms, coarse: 0, n: 500 }])
  })

  it('are how late SERVER spans of an unknown scope end, at the 99th percentile', () => {
    const learner = openLearner()
    const late = (ns: number) => ({ service: 'b', scope: 's', ns })
    const spans = analyse(learner, child('1000.5', '9000')).spans.map((span) => ({
      ...span,
      input: { ...span.input, scope: { name: 's', version: '' } },
    }))
    for (let i = 0; i < 600; i++) {
      const trace = { ...traceOf(t0, {}), exchanges: [], spans, lateEnds: [late(i % 50 === 0 ? 600 * us : -300 * us)] }
      learner.watch(trace as unknown as TraceAnalysis)
    }
    const [row] = learner.learn(1n).rows.emitters.filter(({ service }) => service === 'b')
    expect(Math.abs(row!.slack! / (600 * us) - 1)).toBeLessThan(0.011)
    expect(learner.settings.emitter!('b', 's', t0)!.slack).toBe(row!.slack)
    expect(learner.settings.emitter!('b', 's', t0 + 25 * 3600_000)).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { randomIntegers, randomTree } from '../../test/random-trees.ts'
import { analyseTrace, placedTree } from './analyse.ts'
import { retime, type Change } from './retime.ts'
import type { TraceInput } from './types.ts'

/** algorithms.md section 10; pictures in µs. */
const us = 1000
const settings = { networkRttNs: null }
const nothing: Change = (_node, _leg, ns) => ns
const rootOf = (trace: TraceInput) => placedTree(trace, settings).root!
const retimed = (drawing: string, change: Change) => retime(rootOf(picture(drawing)), change) / us
/** Own time of one span shorter by so much, µs. */
const shorter =
  (id: string, by: number): Change =>
  (node, _leg, ns) =>
    node.id === id ? ns - by * us : ns

describe('retiming', () => {
  it('WHATIF-1: changes nothing where nothing changes, in 60,000 random traces', () => {
    const random = randomIntegers(60_000)
    let wrong = 0
    for (let i = 0; i < 60_000; i++) {
      const root = rootOf(randomTree(random))
      if (retime(root, nothing) !== root.duration) wrong++
    }
    expect(wrong).toBe(0)
  }, 240_000)

  const parallel = `
    P S go 0-11000
      A I go 500-10500
      B I go 500-9500`

  it('WHATIF-2: lets the other branch take over, 10000', () => {
    expect(retimed(parallel, shorter('A', 5000))).toBe(10_000)
    expect(retimed(parallel, shorter('A', 500))).toBe(10_500)
    expect(retimed(parallel, shorter('B', 5000))).toBe(11_000)
  })

  it('moves what waited, with the own time between', () => {
    const sequence = `
      P S go 0-1000
        A I go 100-400
        B I go 500-900`
    expect(retimed(sequence, shorter('A', 200))).toBe(800)
    expect(retimed(sequence, (node, leg, ns) => (node.id === 'P' && leg === 'mid' ? 0 : ns))).toBe(900)
    expect(retimed(sequence, (node, leg, ns) => (node.id === 'P' && leg === 'req' ? 2 * ns : ns))).toBe(1100)
    expect(retimed(sequence, (node, leg, ns) => (node.id === 'P' && leg === 'resp' ? 3 * ns : ns))).toBe(1200)
  })

  it('leaves out what nobody waited for', () => {
    const job = `
      S S go 0-1000
        db C go 100-400
        job I go 900-5000`
    expect(retimed(job, shorter('job', 4000))).toBe(1000)
  })

  it('takes 10,000 spans deep and wide', () => {
    const [line] = picture('a S go 0-100').spans
    const chain = Array.from({ length: 10_000 }, (_, i) => {
      const parentId = i === 0 ? '' : `s${i - 1}`
      return { ...line!, spanId: `s${i}`, parentId, start: i, duration: 100_000 - 2 * i, kind: 1 }
    })
    const fan = Array.from({ length: 10_000 }, (_, i) => {
      const duration = i === 0 ? 200_000 : 5
      return {
        ...line!,
        spanId: `s${i}`,
        parentId: i === 0 ? '' : 's0',
        start: i * 10,
        duration,
        kind: i === 0 ? 2 : 1,
      }
    })
    for (const spans of [chain, fan]) {
      const root = rootOf({ traceId: '1', baseUnixNano: 0n, spans })
      expect(retime(root, nothing)).toBe(root.duration)
    }
  })
})

describe('removable tax (D8)', () => {
  it('TAX-2: is 1000 of 5000 attributed, where another branch takes over', () => {
    const { tax } = analyseTrace(
      picture(`
        P S go 0-11000
          A C out:a 500-10500
            X S go:x 3000-8000
          B I go 500-9500`),
      settings,
    )
    expect(tax.mesh).toMatchObject({ lowerNs: 0, upperNs: 5000 * us, removableNs: 1000 * us, workNs: 5000 * us })
  })

  it('counts work beside the path to the proxies, not to the saving', () => {
    const { tax } = analyseTrace(
      picture(`
        P S go 0-11000
          A I go 500-10500
          B C out:a 500-9500
            X S go:x 3000-8000`),
      settings,
    )
    expect(tax.mesh).toMatchObject({ upperNs: 0, removableNs: 0, workNs: 4000 * us })
  })

  it('is never more than what is attributed, in 20,000 random traces, and the same where nothing runs in parallel', () => {
    const random = randomIntegers(20_000)
    let less = 0
    for (let i = 0; i < 20_000; i++) {
      const { tax, duration } = analyseTrace(randomTree(random), settings)
      for (const { removableNs, upperNs } of [tax.mesh, tax.gateway]) {
        if (!(removableNs >= 0 && removableNs <= upperNs && removableNs <= duration!))
          throw new Error(`${removableNs} of ${upperNs}`)
        less += Number(removableNs < upperNs)
      }
    }
    expect(less).toBeGreaterThan(0)
  }, 120_000)
})

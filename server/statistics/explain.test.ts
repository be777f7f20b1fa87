import { describe, expect, it } from 'vitest'
import { distinct, extraOf, extraTime, membership, type Counted, type Side, type Sides, type Tally } from './explain.ts'
import { certainty, impliedKeys, type Joint } from './implied.ts'

type Row = { readonly selected: boolean; readonly ns: number } & Readonly<Record<string, string | number | boolean>>

/** Numbers 0..1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

const tallyOf = (rows: readonly Row[], cap: number): Tally => {
  const values = rows.map(({ ns }) => Math.min(ns, cap))
  const total = (of: (ns: number) => number) => values.reduce((sum, ns) => sum + of(ns), 0)
  return { n: rows.length, weight: rows.length, sum: total((ns) => ns), squares: total((ns) => ns * ns) }
}
const sideOf = (rows: readonly Row[], cap: number): Side => ({ ...tallyOf(rows, cap), effective: rows.length })

/** Counts of all values of the keys, and of all pairs of them; values beyond p99.9 count as p99.9. */
function countOf(
  rows: readonly Row[],
  keys: readonly string[],
): { singles: Counted[]; pairs: Counted[]; sides: Sides } {
  const sorted = rows.map(({ ns }) => ns).sort((a, b) => a - b)
  const cap = sorted[Math.ceil(0.999 * sorted.length) - 1]!
  const [selected, rest] = [rows.filter(({ selected }) => selected), rows.filter(({ selected }) => !selected)]
  const valuesOf = (key: string) => [...new Set(rows.map((row) => String(row[key])))]
  const counted = (terms: readonly { key: string; value: string }[]): Counted => {
    const has = (row: Row) => terms.every(({ key, value }) => String(row[key]) === value)
    return { terms, selection: tallyOf(selected.filter(has), cap), baseline: tallyOf(rest.filter(has), cap) }
  }
  const singles = keys.flatMap((key) => valuesOf(key).map((value) => counted([{ key, value }])))
  const pairs = keys.flatMap((a, i) =>
    keys.slice(i + 1).flatMap((b) =>
      valuesOf(a).flatMap((x) =>
        valuesOf(b).map((y) =>
          counted([
            { key: a, value: x },
            { key: b, value: y },
          ]),
        ),
      ),
    ),
  )
  return { singles, pairs, sides: { selection: sideOf(selected, cap), baseline: sideOf(rest, cap) } }
}

/** The minutes before and the minutes after: half a millisecond came to version 1.28.0 before service B (algorithms.md 8.6). */
function beforeAndAfter(): Row[] {
  const random = randomFrom(11)
  return Array.from({ length: 20_000 }, (_, i) => {
    const selected = i % 2 === 1
    const draw = i >> 1
    const version = draw % 5 < 2 ? '1.28.0' : '1.27.9'
    const service = ['B', 'B', 'A', 'C'][Math.floor(draw / 5) % 4]!
    const noise = Math.exp(0.3 * (random() + random() + random() - 1.5))
    const injected = selected && version === '1.28.0' && service === 'B' ? 500_000 : 0
    return {
      ...{ selected, version, service, ns: Math.round(1_000_000 * noise) + injected },
      ...{ zone: random() < 0.5 ? 'z1' : 'z2', route: `/r${Math.floor(random() * 8)}` },
    }
  })
}

describe('extra time', () => {
  it('EXPL-1: an injected pair is rank 1, with a lift above 4', () => {
    const { singles, pairs, sides } = countOf(beforeAndAfter(), ['version', 'service', 'zone', 'route'])
    const [first, ...others] = extraTime([...singles, ...pairs], sides, 'same')
    expect(first!.terms).toEqual([
      { key: 'version', value: '1.28.0' },
      { key: 'service', value: 'B' },
    ])
    expect(first!.lift).toBeGreaterThan(4)
    // As section 8.6 has them: EP 1.006, share .199, lift 5.06; of one attribute 2.5 and 2.0.
    expect(first!.share).toBeCloseTo(0.199, 2)
    expect(Math.abs(first!.explained - 1.006)).toBeLessThan(0.05)
    expect(Math.abs(first!.lift - 5.06)).toBeLessThan(0.3)
    expect(first!.explainedLo).toBeLessThan(1)
    expect(first!.explainedHi).toBeGreaterThan(1)
    const alone = (key: string) => others.find(({ terms }) => terms.length === 1 && terms[0]!.key === key)!
    expect(Math.abs(alone('version').lift - 2.5)).toBeLessThan(0.2)
    expect(Math.abs(alone('service').lift - 2)).toBeLessThan(0.2)
    // No other pair beats its better half by 1.3, and neither zone nor route holds more than its share.
    expect(others.map(({ terms }) => terms.map(({ key }) => key).join())).toEqual(['version', 'service'])
  })

  it('holds a selection made by latency against the whole rest', () => {
    const random = randomFrom(5)
    const rows: Row[] = Array.from({ length: 10_000 }, () => {
      const route = random() < 0.12 ? '/export' : '/page'
      const ns = Math.round((route === '/export' ? 100e6 : 1e6) * (0.9 + 0.2 * random()))
      return { route, ns, selected: ns > 95e6, other: random() < 0.5 ? 'x' : 'y' }
    })
    const { singles, sides } = countOf(rows, ['route', 'other'])
    const [first, ...others] = extraTime(singles, sides, 'all')
    expect(first!.terms).toEqual([{ key: 'route', value: '/export' }])
    expect(first!.explained).toBeCloseTo(1, 10)
    expect(first!.lift).toBeCloseTo(1 / first!.share, 10)
    expect(others).toEqual([])
    // What is left of /export in the rest was left there for being fast.
    expect(
      extraTime(singles, sides, 'same').find(({ terms }) => terms[0]!.value === '/export')?.explained ?? 0,
    ).toBeLessThan(0.2)
  })

  it('of disjoint values adds up to all of it, against the whole baseline', () => {
    const { singles, sides } = countOf(beforeAndAfter(), ['service'])
    const total = extraOf(sides) * sides.selection.weight
    const parts = singles.map(
      ({ selection }) => selection.sum - (selection.weight * sides.baseline.sum) / sides.baseline.weight,
    )
    expect(parts.reduce((a, b) => a + b, 0) / total).toBeCloseTo(1, 9)
  })

  it('is told once of the same requests, under the plainest name', () => {
    const rows = beforeAndAfter().map((row) => ({
      ...row,
      'resource.v': row['version']!,
      old: row['version'] === '1.28.0' ? '' : 'x',
    }))
    const { singles, sides } = countOf(rows, ['resource.v', 'old', 'version'])
    const found = distinct(extraTime(singles, sides, 'same'))
    expect(found.map(({ terms, also }) => [terms[0]!.key, also.map(({ key }) => key)])).toEqual([
      ['version', ['resource.v', 'old']],
    ])
  })

  it('is found nowhere when there is none, or too little to compare', () => {
    const rows = beforeAndAfter().map((row) => ({ ...row, ns: row.ns - (row.ns % 1000) }))
    const even = rows.map((row, i) => ({ ...row, ns: rows[i - (i % 2)]!.ns, selected: i % 2 === 1 }))
    const { singles, pairs, sides } = countOf(even, ['zone', 'route'])
    expect(extraTime([...singles, ...pairs], sides, 'same')).toEqual([])
    const few = countOf(rows.slice(0, 50), ['version'])
    expect(extraTime(few.singles, few.sides, 'same')).toEqual([])
    expect(membership(few.singles, few.sides)).toEqual([])
  })
})

describe('membership', () => {
  const tally = (n: number): Tally => ({ n, weight: n, sum: 0, squares: 0 })
  const side = (n: number): Side => ({ ...tally(n), effective: n })
  const one = (key: string, value: string, selection: number, baseline: number): Counted => ({
    ...{ terms: [{ key, value }], selection: tally(selection), baseline: tally(baseline) },
  })
  // The figures of the sketch of the screen: 92 % against 21 %, 63 % against 9 %.
  const sides: Sides = { selection: side(1_000), baseline: side(10_000) }
  const singles = [
    one('protocol', 'http/1.1', 920, 2_100),
    one('protocol', 'h2', 80, 7_900),
    one('pod', 'a', 630, 900),
    one('pod', 'b', 370, 9_100),
    one('zone', 'z1', 505, 5_000),
    one('zone', 'z2', 495, 5_000),
    one('canary', 'yes', 9, 4),
    one('canary', '', 991, 9_996),
  ]

  it('ranks keys by divergence, with the shares and the risk of each value, and leaves out what chance explains', () => {
    const found = membership(singles, sides)
    expect(found.map(({ key }) => key)).toEqual(['protocol', 'pod'])
    const [protocol] = found
    // By hand: m = (.92 + .21) / 2 and (.08 + .79) / 2; half of each p log2(p / m).
    expect(protocol!.divergence).toBeCloseTo(0.4159, 4)
    expect(protocol!.values.map(({ value }) => value)).toEqual(['http/1.1', 'h2'])
    expect(protocol!.values[0]).toMatchObject({
      selection: 0.92,
      baseline: 0.21,
      n: { selection: 920, baseline: 2_100 },
    })
    // (920 / 3020) / (80 / 7980)
    expect(protocol!.values[0]!.risk.ratio).toBeCloseTo(30.387, 3)
    expect(protocol!.values[0]!.risk.lo).toBeGreaterThan(24)
    expect(protocol!.values[0]!.risk.hi).toBeLessThan(39)
    expect(protocol!.values[1]!.risk.ratio).toBeCloseTo(1 / 30.387, 5)
  })

  it('takes no value of less than 1 % of the selection, however much likelier', () => {
    expect(membership([one('canary', 'yes', 9, 0), one('canary', '', 991, 10_000)], sides)).toEqual([])
    expect(
      membership([one('canary', 'yes', 20, 0), one('canary', '', 980, 10_000)], sides)[0]!.values[0],
    ).toMatchObject({
      value: 'yes',
      baseline: 0,
      risk: { ratio: 10_980 / 980 },
    })
  })

  it('finds next to nothing among 400 keys that differ by chance alone', () => {
    const random = randomFrom(3)
    const draws = (n: number, p: number) => Array.from({ length: n }, random).filter((each) => each < p).length
    const noise = Array.from({ length: 400 }, (_, i) => {
      const [a, b] = [draws(1_000, 0.3), draws(2_000, 0.3)]
      return [one(`k${i}`, 'x', a, b), one(`k${i}`, 'y', 1_000 - a, 2_000 - b)]
    }).flat()
    expect(membership(noise, { selection: side(1_000), baseline: side(2_000) }).length).toBeLessThanOrEqual(1)
  })
})

describe('keys that another implies', () => {
  // Each pod is in one zone, each zone has three pods.
  const joints: Joint[] = ['a', 'b', 'c', 'd', 'e', 'f'].map((pod, i) => ({
    a: pod,
    b: i < 3 ? 'z1' : 'z2',
    weight: 10,
  }))

  it('are known by it entirely; it by them only in part', () => {
    expect(certainty(joints, 'b')).toBeCloseTo(1, 12)
    expect(certainty(joints, 'a')).toBeCloseTo(1 / Math.log2(6), 12)
  })

  it('go unsaid; where a value of the coarser tells as much, the finer goes', () => {
    const jointOf = (a: string, b: string) => (a === 'pod' && b === 'zone' ? joints : undefined)
    const ranked = (zone: number) => [
      { key: 'pod', strength: 0.5, size: 6, length: 1 },
      { key: 'zone', strength: zone, size: 2, length: 2 },
    ]
    expect([...impliedKeys(ranked(0.2), jointOf)]).toEqual([['zone', 'pod']])
    expect([...impliedKeys(ranked(0.49), jointOf)]).toEqual([['pod', 'zone']])
  })

  it('of two that say the very same the shorter stays', () => {
    const same: Joint[] = [
      { a: 'payments-6b8f4d7c9-m4tzr', b: 'v2', weight: 5 },
      { a: 'payments-57d9c8f6b5-x2v9k', b: 'v1', weight: 9 },
    ]
    const ranked = [
      { key: 'instance', strength: 0.6, size: 2, length: 33 },
      { key: 'version', strength: 0.6, size: 2, length: 9 },
    ]
    expect([...impliedKeys(ranked, () => same)]).toEqual([['instance', 'version']])
  })
})

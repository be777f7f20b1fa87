import { describe, expect, it } from 'vitest'
import type { Tally } from '../statistics/explain.ts'
import type { Cell } from './cause.ts'
import { group, type Known, type Slower, type Standing } from './grouping.ts'

const ms = 1e6
const minute = 60_000
const none: Tally = { n: 0, weight: 0, sum: 0, squares: 0 }
const tally = (n: number, mean: number): Tally => ({
  n,
  weight: n,
  sum: n * mean,
  squares: n * (mean * mean + (mean / 3) ** 2),
})
const slower = (kind: Slower['kind'], id: string, more: Partial<Slower> = {}): Slower => ({
  ...{
    alertId: `${kind}-${id}-${more.quantile ?? 0.5}`,
    kind,
    id,
    metric: kind === 'proxy' ? 'added' : 'transit',
    quantile: 0.5,
  },
  ...{ addedNs: 0.5 * ms, n: 1000, isTold: false, pages: true, isFiring: true, startMs: 0, uncertainMs: 20 * minute },
  ...more,
})
/** Requests of a proxy, all of them slower since. */
const cells = (series: string, attributes: Record<string, string> = {}, added = 0.5): Cell[] => [
  {
    series,
    attributes: { proxy: series, version: '1', route: '/', ...attributes },
    before: tally(500, ms),
    since: tally(500, (1 + added) * ms),
  },
]
const known = (more: Partial<Known> = {}): Known => ({
  ...{ cells: { proxy: [], hop: [] }, viaOf: () => [], classesOf: () => ['proxy.in'], classes: new Map() },
  ...{ standing: [], ...more },
})

describe('alerts of one cause', () => {
  const ids = Array.from({ length: 12 }, (_, i) => `p${i}`)
  const bad = ids.slice(0, 8)
  const rolledOut = ids.flatMap((id) => {
    const isBad = bad.includes(id)
    const own = { proxy: id, route: '/' }
    return [
      {
        series: id,
        attributes: { ...own, version: '1.28' },
        before: tally(500, ms),
        since: isBad ? none : tally(500, ms),
      },
      ...(isBad
        ? [{ series: id, attributes: { ...own, version: '1.29' }, before: none, since: tally(500, 1.4 * ms) }]
        : []),
    ]
  })

  it('are one, and the others beneath it', () => {
    const placed = group(
      bad.map((id) => slower('proxy', id, { addedNs: 0.4 * ms })),
      known({ cells: { proxy: rolledOut, hop: [] } }),
    )
    const leads = [...placed.values()].filter(({ partOf }) => partOf === null)
    expect(leads).toHaveLength(1)
    expect(leads[0]!.cause!.predicate).toEqual([{ key: 'version', value: '1.29' }])
    expect(leads[0]!.cause!.effectNs / ms).toBeCloseTo(0.4, 6)
    expect([...placed.values()].filter(({ quiet }) => quiet === 'symptom')).toHaveLength(7)
  })

  it('that come later join the one that was told', () => {
    const all = bad.map((id, i) => slower('proxy', id, { isTold: i === 5, isFiring: i === 5 }))
    const placed = group(all, known({ cells: { proxy: rolledOut, hop: [] } }))
    expect([...placed].filter(([, { partOf }]) => partOf === null).map(([id]) => id)).toEqual(['proxy-p5-0.5'])
  })

  /** Slower by themselves: of a node, since as long as the version is there. */
  const onNode = ['q0', 'q1', 'q2', 'q3', 'q4']
  const slowNode = onNode.flatMap((id) => cells(id, { version: '1.28', node: 'n3' }, 0.8))
  const twoFaults = known({ cells: { proxy: [...rolledOut, ...slowNode], hop: [] } })
  const leadsOf = (placed: ReturnType<typeof group>) =>
    [...placed].filter(([, { partOf }]) => partOf === null).map(([id, { cause }]) => [id, cause?.predicate])

  it('are not told together with those of another cause that began at the same time', () => {
    const all = [...bad, ...onNode].map((id) =>
      slower('proxy', id, { addedNs: id.startsWith('q') ? 0.8 * ms : 0.4 * ms }),
    )
    const found = leadsOf(group(all, twoFaults)).map(([, predicate]) => JSON.stringify(predicate))
    expect(found.sort()).toEqual([
      JSON.stringify([{ key: 'node', value: 'n3' }]),
      JSON.stringify([{ key: 'version', value: '1.29' }]),
    ])
  })

  it('are not told together with those of another cause of whom somebody was told before', () => {
    const all = [
      ...bad.map((id, i) => slower('proxy', id, { isTold: i === 0 })),
      ...onNode.map((id) => slower('proxy', id, { addedNs: 0.8 * ms })),
    ]
    const leads = leadsOf(group(all, twoFaults))
    expect(leads).toHaveLength(2)
    expect(leads).toContainEqual(['proxy-p0-0.5', [{ key: 'version', value: '1.29' }]])
  })

  const told = (id: string, predicate: Record<string, string>, startMs: number): Standing => ({
    ...slower('proxy', id, { isTold: true, startMs }),
    ...{ leadId: `proxy-${id}-0.5`, predicate: Object.entries(predicate).map(([key, value]) => ({ key, value })) },
  })
  const version = told('elsewhere', { version: '1.29' }, -180 * minute)

  it('that begin hours later, as the version comes to them, are beneath the one that was told, with hops and quantiles of theirs', () => {
    const later = [
      slower('proxy', 'p0'),
      slower('proxy', 'p0', { quantile: 0.95 }),
      slower('proxy', 'p1'),
      slower('hop', 'h'),
    ]
    const placed = group(later, {
      ...known({ cells: { proxy: rolledOut, hop: cells('h') }, viaOf: () => ['p0'] }),
      standing: [version],
    })
    expect([...placed.values()].map(({ partOf, quiet }) => [partOf, quiet])).toEqual(
      later.map(() => ['proxy-elsewhere-0.5', 'symptom']),
    )
  })

  it('that had in common what fires long before they began are faults of their own, and not at the same time', () => {
    const on = (startMs: number) =>
      group([slower('proxy', 'q0', { addedNs: 0.8 * ms })], {
        ...known({ cells: { proxy: slowNode.filter(({ series }) => series === 'q0'), hop: [] } }),
        standing: [told('elsewhere', { node: 'n3' }, startMs)],
      }).get('proxy-q0-0.5')!.partOf
    expect([on(-180 * minute), on(-10 * minute)]).toEqual([null, 'proxy-elsewhere-0.5'])
  })

  it('and another that is not of it is told of, although it began at the same time', () => {
    const placed = group([slower('proxy', 'q0', { addedNs: 0.8 * ms })], {
      ...known({ cells: { proxy: slowNode.filter(({ series }) => series === 'q0'), hop: [] } }),
      standing: [told('elsewhere', { version: '1.29' }, 0)],
    })
    expect(placed.get('proxy-q0-0.5')).toMatchObject({ partOf: null, quiet: null })
  })

  it('of both quantiles of a proxy are one', () => {
    const placed = group(
      [slower('proxy', 'a', { quantile: 0.95 }), slower('proxy', 'a')],
      known({ cells: { proxy: cells('a'), hop: [] } }),
    )
    expect(placed.get('proxy-a-0.5')).toMatchObject({ partOf: null, quiet: null })
    expect(placed.get('proxy-a-0.95')).toMatchObject({ partOf: 'proxy-a-0.5', quiet: 'symptom' })
  })
})

describe('what is beneath others', () => {
  it('a hop whose proxies took what came to it, and not one that took more than they', () => {
    const both = known({ cells: { proxy: cells('a'), hop: [...cells('h'), ...cells('i', {}, 2)] }, viaOf: () => ['a'] })
    const placed = group([slower('proxy', 'a'), slower('hop', 'h'), slower('hop', 'i', { addedNs: 2 * ms })], both)
    expect(placed.get('hop-h-0.5')).toMatchObject({ partOf: 'proxy-a-0.5', quiet: 'symptom' })
    expect(placed.get('hop-i-0.5')).toMatchObject({ partOf: null, quiet: null })
  })

  it('a hop that is noticed when its proxies have fired for long', () => {
    const placed = group([slower('hop', 'h')], {
      ...known({ cells: { proxy: [], hop: cells('h') }, viaOf: () => ['a'] }),
      standing: [{ ...slower('proxy', 'a', { isTold: true }), leadId: 'of the version', predicate: [] }],
    })
    expect(placed.get('hop-h-0.5')).toMatchObject({ partOf: 'of the version', quiet: 'symptom' })
  })

  it('whole requests whose segments have alerts of their own', () => {
    const classes = new Map([
      [
        'explained',
        [
          { segment: 'proxy.in', ns: 8 * ms },
          { segment: 'app', ns: ms },
        ],
      ],
      [
        'not',
        [
          { segment: 'proxy.in', ns: ms },
          { segment: 'app', ns: 8 * ms },
        ],
      ],
    ])
    const placed = group(
      [slower('proxy', 'a'), slower('trace', 'explained'), slower('trace', 'not')],
      known({ cells: { proxy: cells('a'), hop: [] }, classes }),
    )
    expect(placed.get('trace-explained-0.5')).toMatchObject({ partOf: 'proxy-a-0.5', quiet: 'explained' })
    expect(placed.get('trace-not-0.5')).toMatchObject({ partOf: null, quiet: null })
  })
})

describe('whom nobody is called for', () => {
  it('more traffic of what always was slow', () => {
    const mixed: Cell[] = [
      { series: 'a', attributes: { proxy: 'a', route: '/fast' }, before: tally(800, ms), since: tally(500, ms) },
      {
        series: 'a',
        attributes: { proxy: 'a', route: '/slow' },
        before: tally(200, 5 * ms),
        since: tally(500, 5 * ms),
      },
    ]
    const placed = group([slower('proxy', 'a')], known({ cells: { proxy: mixed, hop: [] } }))
    expect(placed.get('proxy-a-0.5')).toMatchObject({ partOf: null, quiet: 'mix' })
  })

  it('time that moved here from elsewhere, and the whole is as long as before', () => {
    const classes = (app: number) =>
      new Map([
        [
          'r',
          [
            { segment: 'proxy.in', ns: 0.5 * ms },
            { segment: 'app', ns: app * ms },
          ],
        ],
      ])
    const quiet = (app: number) =>
      group([slower('proxy', 'a')], known({ cells: { proxy: cells('a'), hop: [] }, classes: classes(app) })).get(
        'proxy-a-0.5',
      )!.quiet
    expect([quiet(-0.5), quiet(0)]).toEqual(['moved', null])
  })
})

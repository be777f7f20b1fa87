import { describe, expect, it } from 'vitest'
import type { Tally } from '../statistics/explain.ts'
import { kitagawa } from '../statistics/mix.ts'
import { causesOf, isExplainedBySegments, isMixOnly, movedSegments, type Cell } from './cause.ts'

const ms = 1e6
const none: Tally = { n: 0, weight: 0, sum: 0, squares: 0 }
/** So many requests around a mean, ns, one third of it their deviation. */
const tally = (n: number, mean: number): Tally => ({
  ...{ n, weight: n, sum: n * mean },
  squares: n * (mean * mean + (mean / 3) ** 2),
})

/** What one hop takes, by itself: between 0.6 and 2.2 ms. */
const usual = (hop: number) => (0.6 + 0.2 * (hop % 9)) * ms

/** Cells of so many hops, on two nodes each of which has its part of the requests. */
function hops(count: number, cellOf: (hop: number, node: number) => Omit<Cell, 'series'>[]): Cell[] {
  return Array.from({ length: count }, (_, hop) =>
    [0, 1].flatMap((node) => cellOf(hop, node).map((cell) => ({ ...cell, series: `hop-${hop}` }))),
  ).flat()
}
const attributes = (hop: number, node: number, version: string) => ({
  version,
  proxy: `proxy-${hop % 20}`,
  node: `node-${(hop * 2 + node) % 7}`,
  route: hop % 3 === 0 ? '/cart' : '/items',
})

describe('many alerts of one cause', () => {
  it('REG-7: one proxy version over 40 hops is one alert, the 40 hops beneath it', () => {
    // Rolled out: what was 1.28 before is 1.29 since.
    const cells = hops(40, (hop, node) => [
      { attributes: attributes(hop, node, '1.28'), before: tally(500, usual(hop)), since: none },
      { attributes: attributes(hop, node, '1.29'), before: none, since: tally(520, usual(hop) + 0.4 * ms) },
    ])
    const { causes, alone } = causesOf(cells)
    expect(causes).toHaveLength(1)
    const [cause] = causes
    expect(cause!.predicate).toEqual([{ key: 'version', value: '1.29' }])
    expect(cause!.symptoms).toHaveLength(40)
    expect(cause!.effectNs / ms).toBeCloseTo(0.4, 6)
    expect(cause!.explained).toBeCloseTo(1, 6)
    expect(alone).toEqual([])
  })

  it('half rolled out, it is the new version still, and not the nodes that have it', () => {
    const cells = hops(40, (hop, node) => {
      const rolledOut = (hop + node) % 2 === 0
      const since = tally(520, usual(hop) + (rolledOut ? 0.4 * ms : 0))
      const version = attributes(hop, node, rolledOut ? '1.29' : '1.28')
      return [
        { attributes: attributes(hop, node, '1.28'), before: tally(500, usual(hop)), since: rolledOut ? none : since },
        ...(rolledOut ? [{ attributes: version, before: none, since }] : []),
      ]
    })
    const { causes } = causesOf(cells)
    expect(causes.map(({ predicate }) => predicate)).toEqual([[{ key: 'version', value: '1.29' }]])
    expect(causes[0]!.symptoms).toHaveLength(40)
  })

  it('what it does not explain is an alert of its own', () => {
    const cells = hops(12, (hop, node) => [
      {
        attributes: attributes(hop, node, hop < 8 ? '1.29' : '1.28'),
        before: tally(500, usual(hop)),
        since: tally(500, usual(hop) + (hop < 8 ? 0.5 : 0.1) * ms),
      },
    ])
    const { causes, alone } = causesOf(cells)
    expect(causes[0]!.predicate).toEqual([{ key: 'version', value: '1.29' }])
    expect(causes[0]!.symptoms).toHaveLength(8)
    expect(alone.every((series) => ['hop-8', 'hop-9', 'hop-10', 'hop-11'].includes(series))).toBe(true)
  })

  it('a single slow hop has itself for a cause or none, and nothing makes nothing', () => {
    expect(causesOf([])).toEqual({ causes: [], alone: [] })
    const quiet = hops(3, (hop, node) => [
      { attributes: attributes(hop, node, '1'), before: tally(500, usual(hop)), since: tally(500, usual(hop)) },
    ])
    expect(causesOf(quiet)).toEqual({ causes: [], alone: ['hop-0', 'hop-1', 'hop-2'] })
  })
})

describe('what nobody is called for', () => {
  it('REG-8: time that moved from one segment to another', () => {
    const moved = [
      { segment: 'sidecar', ns: 2 * ms },
      { segment: 'application', ns: -1.9 * ms },
      { segment: 'network', ns: 0.05 * ms },
    ]
    expect(movedSegments(moved)).toEqual([{ segment: 'sidecar', from: 'application' }])
    // Where a third of it is left end to end, it is slower.
    expect(movedSegments([...moved, { segment: 'gateway', ns: 0.6 * ms }])).toEqual([])
    expect(movedSegments([{ segment: 'sidecar', ns: 2 * ms }])).toEqual([])
    expect(movedSegments([])).toEqual([])
  })

  it('end to end, when the segments that have alerts explain four fifths of it', () => {
    const changes = [
      { segment: 'sidecar', ns: 8 },
      { segment: 'application', ns: 2 },
    ]
    expect(isExplainedBySegments(changes, new Set(['sidecar']))).toBe(true)
    expect(isExplainedBySegments(changes, new Set(['application']))).toBe(false)
    expect(isExplainedBySegments([{ segment: 'sidecar', ns: -1 }], new Set(['sidecar']))).toBe(false)
  })

  it('more traffic of what always was slow', () => {
    const worked = kitagawa([
      { before: { share: 0.8, mean: 1 }, after: { share: 0.5, mean: 0.9 } },
      { before: { share: 0.2, mean: 5 }, after: { share: 0.5, mean: 4.8 } },
    ])
    expect(isMixOnly(worked)).toBe(true)
    expect(isMixOnly({ mix: 0.2, within: 0.8 })).toBe(false)
    expect(isMixOnly({ mix: 0, within: 0 })).toBe(false)
    // Faster traffic hides what got slower: not mix only.
    expect(isMixOnly({ mix: -0.5, within: 0.8 })).toBe(false)
  })
})

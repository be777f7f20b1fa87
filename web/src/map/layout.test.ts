import { describe, expect, it } from 'vitest'
import { exampleMap, largeMap, type Example } from './examples.ts'
import { graphOf } from './graph.ts'
import { layoutOf, type Layout } from './layout.ts'
import { ascending } from './settle.ts'

function layout({ hops, proxies }: Example): Layout {
  const { nodes, links } = graphOf(hops, proxies, 'gateways')
  const boxes = nodes.map(({ id, name, kind }) => ({ id, name, width: 148, height: 46, first: kind === 'clients' }))
  return layoutOf(boxes, links)
}

const shop = `
  _ > edge* > cart' > cart
  _ > edge* > shop
  shop > cart' > cart
  cart > pay' > pay
  pay > bank* > _
`

/** Ids of each layer from the top down. */
function order({ places }: Layout): string[][] {
  const layers: string[][] = []
  const down = [...places].sort(([, a], [, b]) => a.x - b.x || a.y - b.y)
  for (const [id, { layer }] of down) (layers[layer] ??= []).push(id)
  return layers
}

describe('the layout', () => {
  it('goes from edge to leaf, no link runs back without saying so', () => {
    const { places, routes } = layout(exampleMap(shop))
    const layerOf = (name: string) => places.get(`s:/eu/${name}`)!.layer
    expect(places.get('c:/eu')!.layer).toBe(0)
    expect([layerOf('shop'), layerOf('cart'), layerOf('pay')]).toEqual([2, 3, 4])
    expect([...routes.values()].some(({ arrow }) => arrow)).toBe(false)
    expect(Math.max(...[...places.values()].map(({ layer }) => layer))).toBe(6)
  })

  it('is the same whatever order the data comes in', () => {
    const { hops, proxies } = exampleMap(shop)
    const [one, other] = [layout({ hops, proxies }), layout({ hops: hops.toReversed(), proxies })]
    expect(new Map([...other.places].sort())).toEqual(new Map([...one.places].sort()))
    expect(new Map([...other.routes].sort())).toEqual(new Map([...one.routes].sort()))
  })

  it('is the same whatever the traffic is', () => {
    const { hops, proxies } = exampleMap(shop)
    const busier = hops.map((hop, i) => ({ ...hop, requests: 1 + i * 100 }))
    expect(layout({ hops: busier, proxies }).places).toEqual(layout({ hops, proxies }).places)
  })

  it('takes a new node between the others and shuffles none of them', () => {
    const base = largeMap(60, 150)
    const before = order(layout(base))
    for (let i = 0; i < 40; i++) {
      const more = exampleMap(`svc-0${String(i % 60).padStart(2, '0')} > new-${i}' > ${i % 2 ? 'aaa' : 'zzz'}-${i}`)
      const after = layout({
        hops: [...base.hops, ...more.hops],
        proxies: new Map([...base.proxies, ...more.proxies]),
      })
      const known = new Set(before.flat())
      expect(
        order(after)
          .map((ids) => ids.filter((id) => known.has(id)))
          .filter((ids) => ids.length > 0),
      ).toEqual(before)
    }
  })

  it('breaks circles at one link, draws it back below, and calls to oneself as a loop', () => {
    const { places, routes } = layout(
      exampleMap(`
        a > b
        b > c
        c > a
        c > c
      `),
    )
    expect(['a', 'b', 'c'].map((name) => places.get(`s:/eu/${name}`)!.layer)).toEqual([0, 1, 2])
    const backwards = [...routes].filter(([, { arrow }]) => arrow).map(([id]) => id)
    expect(backwards).toEqual(['s:/eu/c>s:/eu/a', 's:/eu/c>s:/eu/c'])
    const lowest = Math.max(
      ...routes
        .get(backwards[0]!)!
        .curves.flat()
        .map(({ y }) => y),
    )
    expect(lowest).toBeGreaterThan(Math.max(...[...places.values()].map(({ y, height }) => y + height / 2)))
  })

  it.each([
    ['500 services and 2,000 hops', largeMap(500, 2_000)],
    ['a fan-out of 300', exampleMap(Array.from({ length: 300 }, (_, i) => `web > leaf-${i}`).join('\n'))],
    ['a chain of 200', exampleMap(Array.from({ length: 200 }, (_, i) => `s${i} > s${i + 1}`).join('\n'))],
    ['names of 500 letters, of one, from right to left', exampleMap(`${'x'.repeat(500)} > a\na > שירות\nשירות > خدمة`)],
  ])('of %s has no two nodes on one another, nothing outside, and every link at its ends', (_, example) => {
    const { places, routes, width, height } = layout(example)
    const all = [...places.values()].sort((a, b) => a.x - b.x || a.y - b.y)
    all.forEach((one, i) => {
      const below = all[i + 1]
      if (below?.x === one.x) expect(below.y - below.height / 2).toBeGreaterThanOrEqual(one.y + one.height / 2 + 8)
      else if (below) expect(below.x).toBeGreaterThan(one.x + one.width + 60)
      expect(one.y - one.height / 2).toBeGreaterThanOrEqual(0)
      expect(one.y + one.height / 2).toBeLessThanOrEqual(height)
      expect(one.x + one.width).toBeLessThanOrEqual(width)
    })
    // No ribbon: what is to be seen at once should look like a screen.
    if (all.length > 250) expect(width / height).toBeGreaterThan(0.4)
    for (const { id, from, to } of graphOf(example.hops, example.proxies, 'gateways').links) {
      const curves = routes.get(id)!.curves
      const [start, end] = [curves[0]![0], curves.at(-1)![3]]
      const [a, b] = [places.get(from)!, places.get(to)!]
      expect(start.x).toBeLessThanOrEqual(a.x + a.width)
      expect(Math.abs(start.y - a.y)).toBeLessThanOrEqual(a.height / 2)
      expect(end.x).toBeGreaterThanOrEqual(b.x)
      expect(Math.abs(end.y - b.y)).toBeLessThanOrEqual(b.height / 2)
    }
  })

  it('of nothing is nothing', () => {
    expect(layoutOf([], [])).toMatchObject({ width: 0, height: 0 })
  })
})

it('fits an ascending sequence by least squares', () => {
  expect(ascending([1, 2, 3], [1, 1, 1])).toEqual([1, 2, 3])
  expect(ascending([3, 1], [1, 1])).toEqual([2, 2])
  expect(ascending([3, 1], [3, 1])).toEqual([2.5, 2.5])
  expect(ascending([1, 5, 3, 4, 0], [1, 1, 1, 1, 1])).toEqual([1, 3, 3, 3, 3])
})

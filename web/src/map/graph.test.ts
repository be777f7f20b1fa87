import { describe, expect, it } from 'vitest'
import { exampleMap } from './examples.ts'
import { graphOf, type Fold } from './graph.ts'

const shop = exampleMap(`
  _ > edge* > cart' > cart
  _ > edge* > cart
  cart > cart^ > pay' > pay
  cart > egress* > _
  pay > pay
  pay > edge* > cart
`)

/** `Clients -edge> ...`: nodes by name, beads between. */
function picture(fold: Fold, { hops, proxies } = shop): string[] {
  const { nodes, links } = graphOf(hops, proxies, fold)
  const name = (id: string) => nodes.find((node) => node.id === id)!.name
  return links.map(({ from, to, beads, hops, ending }) =>
    [name(from), ...beads.map((bead) => `(${bead.name})`), `${name(to)} ${hops.length}/${ending.length}`].join(' '),
  )
}

describe('the graph', () => {
  it('has gateways as nodes that hops share, and the other proxies on the links', () => {
    expect(picture('gateways')).toEqual([
      'Clients edge 2/0',
      'edge (cart) cart 1/1',
      'edge cart 2/2',
      'cart (cart) (pay) pay 1/1',
      'cart egress 1/0',
      'egress outside 1/1',
      'pay pay 1/1',
      'pay edge 1/0',
    ])
  })

  it('folded has one link a hop, with every proxy on it', () => {
    const links = picture('none')
    expect(links).toHaveLength(shop.hops.length)
    expect(links[0]).toBe('Clients (edge) (cart) cart 1/1')
    expect(links[3]).toBe('cart (egress) outside 1/1')
  })

  it('unfolded has every proxy as a node', () => {
    expect(picture('all').slice(0, 3)).toEqual(['Clients edge 2/0', 'edge cart 1/0', 'cart cart 1/1'])
    expect(picture('all').every((link) => !link.includes('('))).toBe(true)
  })

  it('counts what comes in, of what nothing calls what goes out, and weighs errors by requests', () => {
    const { hops, proxies } = exampleMap(`
      web > a
      web > b
      a > b
    `)
    const failing = hops.map((hop, i) => ({ ...hop, requests: 100 * (i + 1), errorRate: i === 1 ? 0.3 : 0 }))
    const { nodes } = graphOf(failing, proxies, 'gateways')
    expect(nodes.map(({ name, requests, errorRate }) => [name, requests, errorRate])).toEqual([
      ['web', 300, 0.2],
      ['a', 100, 0],
      ['b', 500, expect.closeTo(0.12, 12)],
    ])
  })

  it('of sampled traffic counts the population', () => {
    const { hops, proxies } = exampleMap('web > a')
    const { links } = graphOf([{ ...hops[0]!, requests: 10, population: 1_000 }], proxies, 'gateways')
    expect(links[0]!.requests).toBe(1_000)
  })

  it('keeps applications of one name in two clusters apart, and says where each is', () => {
    const { hops, proxies } = exampleMap('web > a')
    const { nodes } = graphOf([hops[0]!, { ...hops[0]!, id: 'f'.repeat(16), cluster: 'us' }], proxies, 'gateways')
    expect(nodes.map(({ name, place }) => [name, place])).toEqual([
      ['web', 'eu'],
      ['a', 'eu'],
      ['web', 'us'],
      ['a', 'us'],
    ])
  })
})

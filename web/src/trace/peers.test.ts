import { expect, it } from 'vitest'
import { retried, t1 } from './examples.ts'
import { indexTrace } from './index.ts'
import { peerOf, rankText, rankWhy } from './peers.ts'
import { buildRows } from './rows.ts'

it('is asked for transit of hops and added time of proxies, at their level', () => {
  const rows = buildRows(indexTrace(t1()))
  const hop = rows.find(({ kind, hop: known }) => kind === 'hop' && known?.kind === 'internal')!
  expect(peerOf(hop)).toEqual({
    of: 'hops',
    id: hop.hop!.hopId,
    metric: 'transit',
    fidelity: 'exact',
    ns: hop.hop!.transit.ns,
  })
  const proxy = rows.find(({ kind }) => kind === 'proxy')!
  const { added, proxyId } = proxy.proxies[0]!
  expect(peerOf(proxy)).toEqual({
    ...{ of: 'proxies', id: proxyId, metric: 'added', fidelity: added.fidelity },
    ns: added.ns ?? added.hiNs,
  })
  expect(peerOf(rows.find(({ kind }) => kind === 'app')!)).toBeNull()
  const unknowns = buildRows(indexTrace(retried())).filter(({ proxies: [p] }) => p?.added.fidelity === 'unknown')
  expect(unknowns.filter((row) => row.kind !== 'hop').map(peerOf)).toEqual(
    unknowns.filter((row) => row.kind !== 'hop').map(() => null),
  )
})

it.each([
  [{ n: 7, loShare: 0.5, hiShare: 0.5 }, 'too few peers'],
  [{ n: 0, loShare: null, hiShare: null }, 'too few peers'],
  [{ n: 100, loShare: 0.97, hiShare: 0.986 }, 'p98'],
  [{ n: 2118, loShare: 0.986, hiShare: 0.988 }, 'p98.7'],
  [{ n: 2118, loShare: 0.7, hiShare: 0.9 }, 'p70.0 … p90.0'],
  [{ n: 2118, loShare: 1, hiShare: 1 }, 'above all'],
  [{ n: 2118, loShare: 0, hiShare: 0 }, 'below all'],
])('%j reads %s', (rank, text) => {
  expect(rankText(rank)).toBe(text)
})

it('says what is behind the percentile', () => {
  const rank = { id: '', metric: '', fidelity: 'exact' as const, n: 2118, below: 0.986, upTo: 0.988, from: '', to: '' }
  expect(rankWhy({ ...rank, loShare: 0.9, hiShare: 0.99 }).replace(/\s/g, ' ')).toBe(
    'Of 2 118 exact values 98.6 % are lower, 0.2 % within the same 2.2 %. Requests without a value counted: between 90.0 % and 99.0 % are lower.',
  )
})

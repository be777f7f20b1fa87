import { expect, test } from 'vitest'
import { bucketKey } from '../statistics/histogram.ts'
import { hopLabel, moversOf, worstOf, type Ranked } from './rankings.ts'

/** A hop of so many requests whose quantiles are so many ms, each as certain as can be. */
function hop(id: string, p50: number, p95: number, p99: number, n = 5_000): Ranked {
  const quantiles = [p50, p50, p50, p95, p99, p99]
  const intervals = [p50, p50, p95, p95, p99, p99]
  const quantileKeys = [...quantiles, ...intervals].map((ms) => bucketKey(ms * 1e6))
  const row = {
    id,
    metric: 'transit',
    fidelity: 'exact' as const,
    startSeconds: 0,
    requests: n,
    errors: 0,
    n,
    population: { requests: n, errors: 0, n },
    weightUnknown: 0,
  }
  const now = [{ ...row, total: n * 1e6, quantileKeys, maxKey: bucketKey(p99 * 1e6) }]
  return { kind: 'hop', id, name: id, family: '', role: null, now, before: [] }
}

test('the worst are those of each percentile, so that ranking by another one misses none', () => {
  const steady = hop('steady', 40, 41, 42)
  const spiky = hop('spiky', 1, 2, 500)
  const shoulder = hop('shoulder', 3, 90, 95)
  const quick = hop('quick', 1, 1, 1)
  const worst = worstOf([quick, steady, shoulder, spiky], 1)
  expect(worst.map(({ id }) => id)).toEqual(['spiky', 'shoulder', 'steady'])
  expect(worst[0]).toMatchObject({ n: 5_000, requests: 5_000, metric: 'transit', role: null })
  expect(worst[1]?.p95Ns).toBeGreaterThan(88e6)
})

test('a change is told of the highest percentile that enough requests of both periods carry', () => {
  const before = hop('payments', 2, 3, 4).now
  const told = (n: number) => moversOf([{ ...hop('payments', 2.1, 50, 60, n), before }], 5).map(({ q }) => q)
  expect(told(5_000)).toEqual([0.99])
  expect(told(600)).toEqual([0.95])
  expect(told(300)).toEqual([0.5])
  expect(told(100)).toEqual([])
})

test('an end without an application bears the name of its proxy', () => {
  const place = { environment: '', cluster: '', namespace: '' }
  const proxy = { ...place, id: 'e1', family: 'krakend', workload: 'edge', role: 'gateway' as const, name: 'edge' }
  const hop = { ...place, id: '1', kind: 'entry' as const, caller: '', callee: 'orders', via: ['e1'] }
  const named = (changes: Partial<typeof hop>) => hopLabel({ ...hop, ...changes }, '1', new Map([['e1', proxy]])).name
  expect(named({})).toBe('edge → orders')
  expect(named({ caller: 'orders', callee: '' })).toBe('orders → edge')
  expect(named({ via: [] })).toBe('→ orders')
})

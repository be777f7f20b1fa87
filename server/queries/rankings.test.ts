import { expect, test } from 'vitest'
import { bucketKey } from '../statistics/histogram.ts'
import { hopLabel, worstOf, type Ranked } from './rankings.ts'

/** A hop of 5,000 requests whose quantiles are so many ms. */
function hop(id: string, p50: number, p95: number, p99: number): Ranked {
  const quantileKeys = [p50, p50, p50, p95, p99, p99].map((ms) => bucketKey(ms * 1e6))
  const row = {
    id,
    metric: 'transit',
    fidelity: 'exact' as const,
    startSeconds: 0,
    requests: 5_000,
    errors: 0,
    n: 5_000,
    population: { requests: 5_000, errors: 0, n: 5_000 },
    weightUnknown: 0,
  }
  const now = [{ ...row, total: 5e9, quantileKeys, maxKey: bucketKey(p99 * 1e6) }]
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

test('an end without an application bears the name of its proxy', () => {
  const place = { environment: '', cluster: '', namespace: '' }
  const proxy = { ...place, id: 'e1', family: 'krakend', workload: 'edge', role: 'gateway' as const, name: 'edge' }
  const hop = { ...place, id: '1', kind: 'entry' as const, caller: '', callee: 'orders', via: ['e1'] }
  const named = (changes: Partial<typeof hop>) => hopLabel({ ...hop, ...changes }, '1', new Map([['e1', proxy]])).name
  expect(named({})).toBe('edge → orders')
  expect(named({ caller: 'orders', callee: '' })).toBe('orders → edge')
  expect(named({ via: [] })).toBe('→ orders')
})

import { expect, it } from 'vitest'
import type { ProxyItem } from '../../../server/api/contract-measurements.ts'
import { proxyStats } from './stats.ts'

const window = { from: '0', to: '3600000000000' }
const proxy = (requests: number) =>
  ({
    requests,
    errors: 0,
    errorRate: 0,
    coverage: 0,
    retry: { requests: 0, rate: 0, cost: null },
  }) as unknown as ProxyItem

it('says of no requests that there were none, and no share of them', () => {
  const values = (requests: number) => proxyStats({ ...proxy(requests), ...window }).map(({ value }) => value)
  expect(values(0)).toEqual(['0', '–', '–', '–'])
  expect(values(8)).toEqual(['8', '0\u202f%', '0\u202f%', '0\u202f%'])
})

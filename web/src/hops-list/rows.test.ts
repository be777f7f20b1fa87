import { expect, test } from 'vitest'
import type { HopItem } from '../../../server/api/contract-measurements.ts'
import { distribution } from '../overview/example.ts'
import { hopWords, mainLevel, matches } from './rows.ts'

const hop: HopItem = {
  id: '1'.repeat(16),
  kind: 'entry',
  caller: '',
  callee: 'checkout',
  environment: '',
  cluster: '',
  namespace: 'shop',
  via: ['2'.repeat(16)],
  viaProxies: [{ id: '2'.repeat(16), name: 'edge', family: 'krakend', role: 'gateway' }],
  requests: 10,
  errors: 0,
  errorRate: 0,
  transit: distribution(10, [1]),
  segments: [],
}

test('a search finds words in any order: ends, kind, namespace, proxies on the way and their family', () => {
  const found = (search: string) => matches(search, hopWords(hop))
  expect(found('')).toBe(true)
  expect(found('KrakenD check')).toBe(true)
  expect(found('→ checkout')).toBe(true)
  expect(found('entry shop edge')).toBe(true)
  expect(found('krakend payments')).toBe(false)
})

test('the main level is the first that holds a value', () => {
  const [none, some] = [distribution(0, []), distribution(5, [1])]
  expect(mainLevel([none, some])).toBe(some)
  expect(mainLevel([none])).toBeUndefined()
})

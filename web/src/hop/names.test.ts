import { expect, test } from 'vitest'
import { nameOfHop } from './names.ts'

const gateway = { id: '1', name: 'edge', family: 'krakend', role: 'gateway' as const }

test('a hop is named after its ends; where none is, after the proxy there', () => {
  expect(nameOfHop({ caller: 'cart', callee: 'pay', viaProxies: [] })).toBe('cart → pay')
  expect(nameOfHop({ caller: '', callee: 'pay', viaProxies: [gateway] })).toBe('edge → pay')
  expect(nameOfHop({ caller: 'cart', callee: '', viaProxies: [] })).toBe('cart → outside')
  // Its own sidecar is no far end.
  expect(nameOfHop({ caller: 'cart', callee: '', viaProxies: [{ ...gateway, name: 'cart' }] })).toBe('cart → outside')
})

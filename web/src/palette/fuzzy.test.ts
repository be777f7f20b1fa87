import { describe, expect, it } from 'vitest'
import { fitOf, piecesOf } from './fuzzy.ts'

/** What was found stands in brackets. */
const shown = (query: string, text: string) => {
  const fit = fitOf(query, text)
  return (
    fit &&
    piecesOf(text, fit.found)
      .map(({ text: piece, isFound }) => (isFound ? `[${piece}]` : piece))
      .join('')
  )
}

describe('what is typed', () => {
  it.each([
    ['pay', 'orders → payments', 'orders → [pay]ments'],
    ['pay ord', 'orders → payments', '[ord]ers → [pay]ments'],
    ['PAY', 'payments', '[pay]ments'],
    ['crit', 'Critical path', '[Crit]ical path'],
    ['igo', 'istio-ingress-gateway-pods', null],
    ['istgw', 'istio-gateway', '[ist]io-[g]ate[w]ay'],
    ['', 'anything', 'anything'],
    ['pay x', 'payments', null],
    ['zo', 'Next row', null],
  ])('%j in %j', (query, text, expected) => {
    expect(shown(query, text)).toBe(expected)
  })

  it('fits better at the beginning of a word than inside, and whole better than scattered', () => {
    const order = ['cart', 'cart-api', 'the cart', 'descartes', 'c-a-rt'].map((text) => fitOf('cart', text)!.score)
    expect(order).toEqual(order.toSorted((a, b) => b - a))
    expect(new Set(order).size).toBe(5)
  })
})

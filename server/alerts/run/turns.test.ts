import { expect, it } from 'vitest'
import { mostLooks, turnOf } from './turns.ts'

/** Ten thousand rules of everything, and a bound to what is looked at. */
it('evaluates all rules where there is time, and else each in its turn', () => {
  const few = [1, 2, 3]
  expect(turnOf(few, 0, () => 10, 30)).toEqual({ rules: few, leftOut: 0, next: 0 })
  const many = Array.from({ length: 10_000 }, (_, i) => i)
  const seen = new Set<number>()
  let from = 0
  let ticks = 0
  do {
    const { rules, leftOut, next } = turnOf(many, from, () => 2_000, mostLooks.threshold)
    expect(rules.length * 2_000).toBeLessThanOrEqual(mostLooks.threshold)
    expect(leftOut).toBe(10_000 - rules.length)
    for (const rule of rules) seen.add(rule)
    from = next
    ticks++
  } while (seen.size < many.length && ticks < 1_000)
  expect(ticks).toBe(100)
})

it('evaluates a rule that alone is too much, and none of none', () => {
  expect(turnOf(['huge', 'small'], 0, () => 1e9, 10)).toEqual({ rules: ['huge'], leftOut: 1, next: 1 })
  expect(turnOf(['huge', 'small'], 1, () => 1e9, 10)).toEqual({ rules: ['small'], leftOut: 1, next: 0 })
  expect(turnOf([], 7, () => 1, 10)).toEqual({ rules: [], leftOut: 0, next: 0 })
})

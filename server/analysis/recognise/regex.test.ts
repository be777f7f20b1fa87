import { describe, expect, it } from 'vitest'
import { randomIntegers } from '../../../test/random-trees.ts'
import { boundedMatcher, regexProblem } from './regex.ts'

/** Texts that send a backtracking matcher back as often as can be. */
const texts = ['a'.repeat(256), 'ab'.repeat(128), `${'a'.repeat(255)}b`, 'b'.repeat(128) + 'a'.repeat(128)]
const slowest = (pattern: string): number => {
  const matcher = boundedMatcher(pattern)
  return Math.max(
    ...texts.map((text) => {
      const from = process.cpuUsage()
      matcher.test(text)
      const { user, system } = process.cpuUsage(from)
      return (user + system) / 1000
    }),
  )
}

describe('a regular expression of a user', () => {
  it.each([
    '(a|a)'.repeat(30) + 'b',
    '(?:a|aa)'.repeat(20) + 'c',
    '(|a)'.repeat(30) + 'c',
    '(?:(?:a|b)|(?:a|b))'.repeat(10) + 'c',
    'a{0,1}'.repeat(25) + 'c',
    'a?'.repeat(25) + 'c',
    '^x|a*a*b',
    'a{100000}',
    'a{257,}',
  ])('is refused where it leaves too much open: %s', (pattern) => {
    expect(regexProblem(pattern)).toBeTruthy()
  })

  it.each([
    '^(?:orders|payments|stock|cart|users|search|mail)-v[0-9]+$',
    '(dev|test|prod)-(eu|us)-gateway',
    '^ocelot-[a-z]+$',
    '^/api/.*/items$',
    'x{3}-\\d{2,4}',
  ])('is taken where people write so: %s', (pattern) => {
    expect(regexProblem(pattern)).toBeUndefined()
  })

  it('takes no longer than a fraction of a second whatever it is, if it is taken', { timeout: 120_000 }, () => {
    const random = randomIntegers(1)
    const parts = [
      'a',
      'b',
      '.',
      '[ab]',
      '(a|b)',
      '(a|ab|a)',
      '(?:|a)',
      '(ab)',
      'a*',
      '.+',
      '[ab]*',
      'a?',
      'b{1,3}',
      'a{2}',
    ]
    let taken = 0
    for (let i = 0; i < 4000; i++) {
      const length = 1 + random(12)
      const body = Array.from({ length }, () => parts[random(parts.length)]!).join('')
      const pattern = `${random(2) ? '^' : ''}${body}${random(2) ? '|b*c' : ''}${['', 'c', '$'][random(3)]!}`
      if (regexProblem(pattern) !== undefined) continue
      taken++
      expect([pattern, slowest(pattern) < 500]).toEqual([pattern, true])
    }
    expect(taken).toBeGreaterThan(500)
  })
})

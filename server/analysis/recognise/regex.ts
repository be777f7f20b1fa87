import type { Matcher } from './pattern.ts'

/**
 * Regular expressions from users, on texts from anybody: only those whose work is bounded. Nothing repeated inside
 * something repeated, no look-around, no reference back, few repetitions and few ways to choose; so a text of the greatest
 * length takes at most some million steps, a few hundredths of a second.
 */
const longestPattern = 200
const longestText = 256
const mostUnbounded = 2
/** Texts of the greatest length that each unbounded repetition multiplies, times the ways in which the rest can be chosen. */
const mostSteps = 2 ** 20
const mostCopies = 256

/** Why a pattern is not taken; undefined when it is. */
export function regexProblem(source: string): string | undefined {
  if (source.length > longestPattern) return `longer than ${longestPattern} characters`
  try {
    new RegExp(source, 'u')
  } catch (error) {
    return (error as Error).message
  }
  if (/\\[1-9]|\\k</.test(source)) return 'references back (\\1) are not supported'
  if (/\(\?(?!:)/.test(source)) return 'look-around and named groups are not supported'
  let unbounded = source.startsWith('^') ? 0 : 1
  /** In how many ways alternatives and `?` can be chosen, all together; and the alternatives of each open group so far. */
  let ways = 1
  const alternatives: number[] = [1]
  /** Whether something was repeated or could be chosen inside each open group. */
  const open: boolean[] = []
  let closed = false
  for (const [token] of source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|\{[^}]*\}|\(\?:|[\s\S]/g)) {
    const repeats = /^[*+?]$|^\{\d*,?\d*\}$/.test(token)
    if (repeats && closed) return 'a group that repeats or chooses something cannot be repeated itself'
    if (token === '*' || token === '+' || /^\{\d+,\}$/.test(token)) unbounded++
    else if (token === '?') ways *= 2
    const [, from, to] = /^\{(\d+),(\d+)\}$/.exec(token) ?? []
    if (to !== undefined) {
      if (Number(to) - Number(from) > 1) unbounded++
      else ways *= 2
    }
    if (Number(to ?? /^\{(\d+)/.exec(token)?.[1] ?? 0) > mostCopies)
      return `more than ${mostCopies} repetitions of one part`
    closed = false
    if (token === '|') alternatives[alternatives.length - 1]!++
    if (token === '(' || token === '(?:') {
      open.push(false)
      alternatives.push(1)
    } else if (token === ')') {
      closed = open.pop() ?? false
      ways *= alternatives.pop() ?? 1
    } else if ((repeats || token === '|') && open.length > 0) open.fill(true)
  }
  // Then `^` holds the first of several to the beginning, and not the others.
  if (source.startsWith('^') && alternatives[0]! > 1) unbounded++
  if (unbounded > mostUnbounded)
    return `more than ${mostUnbounded} of *, + and {m,n}, where a pattern that does not begin with ^ counts as one`
  ways *= alternatives[0]!
  const most = mostSteps / longestText ** unbounded
  if (ways > most) return `more than ${most} ways to choose between what | and ? leave open`
  return undefined
}

/** Texts beyond the greatest length do not match. @throws Error for a pattern with a problem. */
export function boundedMatcher(source: string): Matcher {
  const problem = regexProblem(source)
  if (problem) throw new Error(problem)
  const regex = new RegExp(source, 'u')
  return { test: (text) => text.length <= longestText && regex.test(text) }
}

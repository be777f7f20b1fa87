import type { Matcher } from './pattern.ts'

/**
 * Regular expressions from users, on texts from anybody: only those whose work is bounded. Nothing repeated inside
 * something repeated, no look-around, no reference back, and few repetitions; so a text of the greatest length takes at
 * most some ten thousand steps.
 */
const longestPattern = 200
const longestText = 256
const mostUnbounded = 2
const mostRanges = 4

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
  let ranges = 0
  /** Whether something was repeated or could be chosen inside each open group. */
  const open: boolean[] = []
  let closed = false
  for (const [token] of source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|\{[^}]*\}|\(\?:|[\s\S]/g)) {
    const repeats = /^[*+?]$|^\{\d*,?\d*\}$/.test(token)
    if (repeats && closed) return 'a group that repeats or chooses something cannot be repeated itself'
    if (token === '*' || token === '+' || /^\{\d+,\}$/.test(token)) unbounded++
    else if (token === '?') ranges++
    const [, from, to] = /^\{(\d+),(\d+)\}$/.exec(token) ?? []
    if (to !== undefined) {
      if (Number(to) - Number(from) > 1) unbounded++
      else ranges++
    }
    closed = false
    if (token === '(' || token === '(?:') open.push(false)
    else if (token === ')') closed = open.pop() ?? false
    else if ((repeats || token === '|') && open.length > 0) open.fill(true)
  }
  if (unbounded > mostUnbounded)
    return `more than ${mostUnbounded} of *, + and {m,n}, where a pattern that does not begin with ^ counts as one`
  if (ranges > mostRanges) return `more than ${mostRanges} of ?`
  return undefined
}

/** Texts beyond the greatest length do not match. @throws Error for a pattern with a problem. */
export function boundedMatcher(source: string): Matcher {
  const problem = regexProblem(source)
  if (problem) throw new Error(problem)
  const regex = new RegExp(source, 'u')
  return { test: (text) => text.length <= longestText && regex.test(text) }
}

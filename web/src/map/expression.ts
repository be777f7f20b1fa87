/**
 * What may be written into `find` and `hide`: `added > 10ms and not callee = pay`, `errors >= 1%`, `rps < 1`, `krakend`. A pure
 * reader: text in, a question about one hop out, or what is wrong with the text and where.
 *
 *   or   := and ('or' and)*          and  := not ('and'? not)*          not := 'not' not | '(' or ')' | test | word
 *   test := field operator value     field of a duration may name a percentile: transit.p99
 */
import type { Quantile } from '../format/figure.ts'

/** What can be asked about a hop. Numbers are null where they are not known: no comparison then holds. */
export interface Facts {
  /** ns. @param at undefined: the percentile that is shown. */
  duration(field: DurationField, at: Quantile | undefined): number | null
  number(field: NumberField): number | null
  text(field: TextField): readonly string[]
}

export const durationFields = ['added', 'overhead', 'transit', 'wire'] as const
export type DurationField = (typeof durationFields)[number]
export const numberFields = ['rps', 'requests', 'errors', 'coverage', 'proxies'] as const
export type NumberField = (typeof numberFields)[number]
export const textFields = [
  'caller',
  'callee',
  'service',
  'proxy',
  'family',
  'role',
  'kind',
  'fidelity',
  'namespace',
  'cluster',
  'environment',
] as const
export type TextField = (typeof textFields)[number]

export type Question = (facts: Facts) => boolean
export type Reading = { readonly ok: true; readonly holds: Question } | { readonly ok: false; readonly error: string }

const percentiles: Readonly<Record<string, Quantile>> = {
  p50: 'p50',
  p75: 'p75',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  'p99.9': 'p999',
  p999: 'p999',
  max: 'max',
  mean: 'mean',
}
const unitNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9 }

class NotReadable extends Error {}

/** An empty text asks nothing: null. */
export function read(text: string): Reading | null {
  const tokens = tokensOf(text)
  if (tokens.length === 0) return null
  try {
    const reader = new Reader(tokens)
    return { ok: true, holds: reader.all() }
  } catch (error) {
    if (error instanceof NotReadable) return { ok: false, error: error.message }
    throw error
  }
}

interface Token {
  readonly text: string
  readonly kind: 'word' | 'quoted' | 'operator' | 'bracket'
}

function tokensOf(text: string): Token[] {
  const found = text.matchAll(/"([^"]*)"?|([()])|(>=|<=|!=|!~|[<>=~≥≤≠])|([^\s()<>=~!"≥≤≠]+|!)/g)
  return [...found].map(([, quoted, bracket, operator, word]) =>
    quoted !== undefined
      ? { kind: 'quoted', text: quoted }
      : bracket !== undefined
        ? { kind: 'bracket', text: bracket }
        : operator !== undefined
          ? { kind: 'operator', text: { '≥': '>=', '≤': '<=', '≠': '!=' }[operator] ?? operator }
          : { kind: 'word', text: word! },
  )
}

const isWord = (token: Token | undefined, text: string) => token?.kind === 'word' && token.text.toLowerCase() === text

class Reader {
  private at = 0
  private readonly tokens: readonly Token[]
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
  }

  all(): Question {
    const holds = this.or()
    const rest = this.tokens[this.at]
    if (rest)
      throw new NotReadable(rest.text === ')' ? 'There is a ) too many.' : `Nothing was expected at “${rest.text}”.`)
    return holds
  }

  private or(): Question {
    let holds = this.and()
    while (isWord(this.tokens[this.at], 'or')) {
      this.at++
      const [left, right] = [holds, this.and()]
      holds = (facts) => left(facts) || right(facts)
    }
    return holds
  }

  private and(): Question {
    let holds = this.not()
    for (;;) {
      const token = this.tokens[this.at]
      if (!token || token.text === ')' || isWord(token, 'or')) return holds
      if (isWord(token, 'and')) this.at++
      const [left, right] = [holds, this.not()]
      holds = (facts) => left(facts) && right(facts)
    }
  }

  private not(): Question {
    const token = this.tokens[this.at]
    if (!token) throw new NotReadable('Something is missing at the end.')
    this.at++
    if (isWord(token, 'not') || token.text === '!') {
      const holds = this.not()
      return (facts) => !holds(facts)
    }
    if (token.kind === 'bracket') {
      if (token.text === ')') throw new NotReadable('There is a ) too many.')
      const holds = this.or()
      if (this.tokens[this.at++]?.text !== ')') throw new NotReadable('A ) is missing.')
      return holds
    }
    if (token.kind === 'operator') throw new NotReadable(`“${token.text}” has nothing before it.`)
    const next = this.tokens[this.at]
    if (token.kind === 'word' && next?.kind === 'operator') {
      this.at++
      const value = this.tokens[this.at++]
      if (!value || value.kind === 'operator' || value.kind === 'bracket')
        throw new NotReadable(`“${token.text} ${next.text}” has no value.`)
      return this.test(token.text, next.text, value)
    }
    return contains(token.text)
  }

  private test(said: string, operator: string, value: Token): Question {
    const [name = '', percentile] = splitField(said.toLowerCase())
    const duration = durationFields.find((field) => field === name)
    if (duration) {
      const at = percentile === undefined ? undefined : percentiles[percentile]
      if (percentile !== undefined && !at)
        throw new NotReadable(`There is no percentile “${percentile}”: p50, p99, mean.`)
      const [compares, wanted] = [comparisonOf(operator), this.durationOf(value.text)]
      return (facts) => compares(facts.duration(duration, at), wanted)
    }
    const number = numberFields.find((field) => field === name)
    if (number) {
      const [compares, wanted] = [comparisonOf(operator), numberOf(value.text)]
      return (facts) => compares(facts.number(number), wanted)
    }
    const text = textFields.find((field) => field === name)
    if (text) return textTest(text, operator, value.text.toLowerCase())
    throw new NotReadable(
      `There is no field “${said}”: ${[...durationFields, ...numberFields, ...textFields].join(', ')}.`,
    )
  }

  /** `10ms`, `10 ms`. */
  private durationOf(text: string): number {
    const [, digits, glued = ''] = /^(\d+(?:\.\d+)?)(\D*)$/.exec(text.toLowerCase()) ?? []
    if (digits === undefined) throw new NotReadable(`“${text}” is no duration: 10ms, 1.5s, 800us.`)
    let unit = glued
    if (unit === '' && (this.tokens[this.at]?.text.toLowerCase() ?? '') in unitNs)
      unit = this.tokens[this.at++]!.text.toLowerCase()
    const ns = unitNs[unit]
    if (ns === undefined) throw new NotReadable(`“${text}” needs a unit: ${digits}ms, ${digits}us, ${digits}s.`)
    return Number(digits) * ns
  }
}

/** `transit.p99.9` is transit at p99.9. */
function splitField(said: string): [string, string | undefined] {
  const dot = said.indexOf('.')
  return dot < 0 ? [said, undefined] : [said.slice(0, dot), said.slice(dot + 1)]
}

function numberOf(text: string): number {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  if (digits === undefined) throw new NotReadable(`“${text}” is no number: 100, 0.5, 3%.`)
  return Number(digits) / (percent ? 100 : 1)
}

type Comparison = (value: number | null, wanted: number) => boolean

const comparisons: Readonly<Record<string, Comparison>> = {
  '>': (value, wanted) => value !== null && value > wanted,
  '>=': (value, wanted) => value !== null && value >= wanted,
  '<': (value, wanted) => value !== null && value < wanted,
  '<=': (value, wanted) => value !== null && value <= wanted,
  '=': (value, wanted) => value === wanted,
  '!=': (value, wanted) => value !== null && value !== wanted,
}

function comparisonOf(operator: string): Comparison {
  const compares = comparisons[operator]
  if (!compares) throw new NotReadable(`“${operator}” compares texts; numbers take > >= < <= = !=.`)
  return compares
}

function textTest(field: TextField, operator: string, wanted: string): Question {
  const is = (facts: Facts) => facts.text(field).some((text) => text.toLowerCase() === wanted)
  const has = (facts: Facts) => facts.text(field).some((text) => text.toLowerCase().includes(wanted))
  switch (operator) {
    case '=':
      return is
    case '!=':
      return (facts) => !is(facts)
    case '~':
      return has
    case '!~':
      return (facts) => !has(facts)
    default:
      throw new NotReadable(`“${operator}” compares numbers; ${field} takes = != ~ !~.`)
  }
}

/** A word alone: in a name at either end, of a proxy on the way or of its family. */
function contains(word: string): Question {
  const wanted = word.toLowerCase()
  const places = ['caller', 'callee', 'proxy', 'family'] as const
  return (facts) => places.some((field) => facts.text(field).some((text) => text.toLowerCase().includes(wanted)))
}

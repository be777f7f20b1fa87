/**
 * The filter of Explore: conditions that all hold, as text. `route = /cart, /pay and status != 200 and took > 5ms`
 *
 *   filter    := condition ('and'? condition)*
 *   condition := field operator value (',' value)*      operators: = != ~ !~ (contains, or not) > >= < <=
 *   field, value: a word, or anything in "…" with \" and \\
 *
 * Pure: text in, conditions out. The web UI reads the same grammar for its chips (web/src/explore/filter.ts); a test holds them together.
 */
export const operators = ['=', '!=', '~', '!~', '>', '>=', '<', '<='] as const
export type Operator = (typeof operators)[number]

export interface Condition {
  readonly field: string
  readonly operator: Operator
  /** At least one. */
  readonly values: readonly string[]
  /** Index of its first character in the text. */
  readonly at: number
  readonly valueAt: number
}

/** What is wrong with a filter, and where. */
export class FilterError extends Error {
  /** Index of a character of the text. */
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

const mostConditions = 20
const mostValues = 50

interface Token {
  readonly kind: 'word' | 'quoted' | 'operator' | 'comma'
  readonly text: string
  readonly at: number
}

/** @throws FilterError */
export function readFilter(text: string): Condition[] {
  const tokens = tokensOf(text)
  const conditions: Condition[] = []
  let next = 0
  while (next < tokens.length) {
    if (conditions.length > 0 && isAnd(tokens[next]) && !isOperator(tokens[next + 1])) next++
    const [field, operator] = [tokens[next], tokens[next + 1]]
    if (!field) throw new FilterError(text.length, 'a condition is missing after “and”')
    if (field.kind === 'operator' || field.kind === 'comma')
      throw new FilterError(field.at, `“${field.text}” has no field before it`)
    if (!operator) throw new FilterError(text.length, `“${field.text}” has no operator: ${operators.join(' ')}`)
    if (operator.kind !== 'operator')
      throw new FilterError(operator.at, `after “${field.text}” one of ${operators.join(' ')} was expected`)
    next += 2
    const values: string[] = []
    const valueAt = tokens[next]?.at ?? text.length
    do {
      const value = tokens[next]
      if (!value || value.kind === 'operator' || value.kind === 'comma')
        throw new FilterError(value?.at ?? text.length, `“${field.text} ${operator.text}” has no value`)
      values.push(value.text)
      if (values.length > mostValues) throw new FilterError(value.at, `more than ${mostValues} values`)
      next++
    } while (tokens[next]?.kind === 'comma' && next++ >= 0)
    conditions.push({ field: field.text, operator: operator.text as Operator, values, at: field.at, valueAt })
    if (conditions.length > mostConditions) throw new FilterError(field.at, `more than ${mostConditions} conditions`)
  }
  return conditions
}

const isAnd = (token: Token | undefined) => token?.kind === 'word' && token.text.toLowerCase() === 'and'
const isOperator = (token: Token | undefined) => token?.kind === 'operator'

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const pattern = /\s+|"((?:[^"\\]|\\.)*)("?)|(!=|!~|>=|<=|[=~><])|(,)|([^\s",=~<>!]+|!)/gsy
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    const found = pattern.exec(text)
    if (!found) throw new FilterError(at, 'a backslash at the end')
    const [, quoted, closing, operator, comma, word] = found
    if (quoted !== undefined) {
      if (closing === '') throw new FilterError(at, 'this quotation mark is not closed')
      tokens.push({ kind: 'quoted', text: quoted.replace(/\\(.)/gs, '$1'), at })
    } else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator, at })
    else if (comma !== undefined) tokens.push({ kind: 'comma', text: comma, at })
    else if (word === '!') throw new FilterError(at, '“!” stands only in != and !~')
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at })
  }
  return tokens
}

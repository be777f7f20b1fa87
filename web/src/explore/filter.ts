/**
 * The filter of Explore as the bar shows it: conditions as chips, the rest as text. The server reads the same grammar and says
 * what is wrong (server/queries/explore/filter.ts); test/filter-grammar.test.ts holds the two together.
 */
export const operators = ['=', '!=', '~', '!~', '>', '>=', '<', '<='] as const
export type Operator = (typeof operators)[number]

export interface Term {
  readonly field: string
  readonly operator: Operator
  readonly values: readonly string[]
}

/** A condition and where it stands in the text: from its first character up to behind its last. */
export interface Placed extends Term {
  readonly from: number
  readonly to: number
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'operator' | 'comma'
  readonly text: string
  readonly from: number
  readonly to: number
}

const pattern = /\s+|"((?:[^"\\]|\\.)*)("?)|(!=|!~|>=|<=|[=~><])|(,)|([^\s",=~<>!]+)/gsy

/** null: something in it is no part of a filter, or not yet. */
function tokensOf(text: string): Token[] | null {
  const tokens: Token[] = []
  const reader = new RegExp(pattern)
  for (let from = 0; from < text.length; from = reader.lastIndex) {
    const found = reader.exec(text)
    if (!found || found[2] === '') return null
    const [, quoted, , operator, comma, word] = found
    const place = { from, to: reader.lastIndex }
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replace(/\\(.)/gs, '$1'), ...place })
    else if (operator) tokens.push({ kind: 'operator', text: operator, ...place })
    else if (comma) tokens.push({ kind: 'comma', text: comma, ...place })
    else if (word) tokens.push({ kind: 'word', text: word, ...place })
  }
  return tokens
}

const isValue = (token: Token | undefined): token is Token => token?.kind === 'word' || token?.kind === 'quoted'

/** All conditions of a text; null where it is not one condition after the other. */
export function termsOf(text: string): Placed[] | null {
  const tokens = tokensOf(text)
  if (!tokens) return null
  const terms: Placed[] = []
  let next = 0
  while (next < tokens.length) {
    if (terms.length > 0 && tokens[next]!.text.toLowerCase() === 'and' && tokens[next + 1]?.kind !== 'operator') next++
    const [field, operator, first] = [tokens[next], tokens[next + 1], tokens[next + 2]]
    if (!isValue(field) || operator?.kind !== 'operator' || !isValue(first)) return null
    const values = [first.text]
    let last = first
    next += 3
    while (tokens[next]?.kind === 'comma') {
      const more = tokens[next + 1]
      if (!isValue(more)) return null
      values.push(more.text)
      last = more
      next += 2
    }
    terms.push({ field: field.text, operator: operator.text as Operator, values, from: field.from, to: last.to })
  }
  return terms
}

const plain = /^[^\s",=~<>!\\]+$/

/** Quoted where it would be read as something else. */
export function quoted(text: string): string {
  return plain.test(text) && text.toLowerCase() !== 'and' ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`
}

export function textOf({ field, operator, values }: Term): string {
  return `${quoted(field)} ${operator} ${values.map(quoted).join(', ')}`
}

export const filterOf = (terms: readonly Term[]): string => terms.map(textOf).join(' and ')

const isSame = (a: Term, b: Term) => textOf(a) === textOf(b)

/** With a condition more; one that says the opposite goes. */
export function withTerm(text: string, term: Term): string {
  const terms = termsOf(text) ?? []
  const opposite = { '=': '!=', '!=': '=', '~': '!~', '!~': '~' }[term.operator as string]
  const kept = terms.filter(
    (one) => !isSame(one, term) && !(opposite && isSame(one, { ...term, operator: opposite as Operator })),
  )
  return filterOf([...kept, term])
}

export const without = (text: string, at: number): string => filterOf((termsOf(text) ?? []).filter((_, i) => i !== at))

/** What is being typed: a condition that is not finished. */
export interface Draft {
  readonly expects: 'field' | 'operator' | 'value'
  readonly field: string
  readonly operator: string
  /** So far of what is expected. */
  readonly typed: string
  /** Where what is expected begins. */
  readonly from: number
}

export function draftOf(text: string): Draft {
  const [, lead = '', field = '', gap = '', operator = '', rest = ''] =
    /^(\s*)("(?:[^"\\]|\\.)*"?|[^\s",=~<>!]*)(\s*)(!=|!~|>=|<=|[=~><]|!)?(.*)$/s.exec(text) ?? []
  const name = field.startsWith('"') ? field.slice(1, field.endsWith('"') && field.length > 1 ? -1 : undefined) : field
  if (operator === '') {
    if (gap === '') return { expects: 'field', field: name, operator: '', typed: name, from: lead.length }
    return {
      expects: 'operator',
      field: name,
      operator: '',
      typed: rest,
      from: lead.length + field.length + gap.length,
    }
  }
  const begun = /(?:^|,)\s*(?:"((?:[^"\\]|\\.)*)"?|([^,]*))$/s.exec(rest)
  const typed = (begun?.[1]?.replace(/\\(.)/gs, '$1') ?? begun?.[2] ?? '').trim()
  const from = text.length - (begun ? begun[0].replace(/^,?\s*/, '').length : 0)
  return { expects: 'value', field: name, operator, typed, from }
}

import type { Attributes, SpanInput } from '../types.ts'

/** There at all ('' counts as absent: Envoy sends empty tags), and not there. */
export const present: unique symbol = Symbol('present')
export const absent: unique symbol = Symbol('absent')

/** A string means equal; a regular expression is a matcher. */
export type TextTest = string | Matcher | typeof present | typeof absent
export interface Matcher {
  test(text: string): boolean
}

/** What a span must be for a rule to hold: every part that is given. Plain data, so that a family is a table of them. */
export interface Pattern {
  /** OTLP SpanKind, or several. */
  readonly kind?: number | readonly number[]
  readonly name?: TextTest
  readonly scope?: TextTest
  readonly attributes?: Readonly<Record<string, TextTest>>
  /** Some attribute has a key that begins so. */
  readonly anyAttribute?: string
  readonly resource?: Readonly<Record<string, TextTest>>
  readonly anyResource?: string
  readonly all?: readonly Pattern[]
  readonly any?: readonly Pattern[]
  readonly none?: readonly Pattern[]
}

export type Predicate = (span: SpanInput) => boolean

/** Attribute of a span: its own wins over the interned set; '' counts as absent. */
export function attribute(span: SpanInput, key: string): string | undefined {
  return (span.attributes.get(key) ?? span.attributeSet.get(key)) || undefined
}

export function holds(test: TextTest, text: string | undefined): boolean {
  if (test === present) return text !== undefined && text !== ''
  if (text === undefined || text === '') return test === absent
  if (test === absent) return false
  return typeof test === 'string' ? text === test : test.test(text)
}

const beginsWith = (attributes: Attributes, prefix: string): boolean => {
  for (const key of attributes.keys()) if (key.startsWith(prefix)) return true
  return false
}

/** A pattern as a function. */
export function predicate(pattern: Pattern): Predicate {
  const { kind, name, scope, attributes, anyAttribute, resource, anyResource, any, none } = pattern
  const all: Predicate[] = (pattern.all ?? []).map(predicate)
  if (typeof kind === 'number') all.push((span) => span.kind === kind)
  else if (kind !== undefined) all.push((span) => kind.includes(span.kind))
  if (scope !== undefined) all.push((span) => holds(scope, span.scope.name))
  if (name !== undefined) all.push((span) => holds(name, span.name))
  for (const [key, test] of Object.entries(attributes ?? {})) all.push((span) => holds(test, attribute(span, key)))
  for (const [key, test] of Object.entries(resource ?? {}))
    all.push((span) => holds(test, span.resource.attributes.get(key)))
  if (anyAttribute !== undefined)
    all.push((span) => beginsWith(span.attributeSet, anyAttribute) || beginsWith(span.attributes, anyAttribute))
  if (anyResource !== undefined) all.push((span) => beginsWith(span.resource.attributes, anyResource))
  if (any !== undefined) {
    const some = any.map(predicate)
    all.push((span) => some.some((one) => one(span)))
  }
  if (none !== undefined) {
    const some = none.map(predicate)
    all.push((span) => !some.some((one) => one(span)))
  }
  return (span) => all.every((one) => one(span))
}

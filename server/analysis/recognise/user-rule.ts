import { SpanKind, type Role, type SpanInput } from '../types.ts'
import type { Family, Rule, SpanLeg } from './family.ts'
import { absent, predicate, present, type Pattern, type TextTest } from './pattern.ts'
import { boundedMatcher } from './regex.ts'

/** How a user tests a text; plain data, so that a rule can be handed to a worker. */
export type UserTest =
  { readonly equals: string } | { readonly prefix: string } | { readonly regex: string } | { readonly present: boolean }

/** A rule of HOPSCOPE_RULES_FILE (U1 of proxy-spans.md 2.2): what matches is what the user says it is. */
export interface UserRule {
  readonly name: string
  readonly match: {
    readonly service?: UserTest
    readonly scope?: UserTest
    readonly name?: UserTest
    readonly kind?: number
    readonly attributes?: Readonly<Record<string, UserTest>>
    readonly resource?: Readonly<Record<string, UserTest>>
  }
  /** '' for an application. */
  readonly family: string
  readonly role: Role
  /** null: by kind, SERVER down, CLIENT up, others stage. */
  readonly leg: Exclude<SpanLeg, 'app' | 'body'> | null
  /** '': as the resource says. */
  readonly workload: string
}

/** User rules as families of one rule each, to be asked before all others. */
export function familiesOf(rules: readonly UserRule[]): Family[] {
  return rules.map(({ match, family, role, leg, workload }) => ({
    family,
    product: family,
    // Nobody said whether it calls one place or several: attempts are known by what shows them (D4).
    oneCall: false,
    rules: rowsOf(toPattern(match), role, leg),
    ...(workload !== '' && { identity: () => ({ workload }) }),
  }))
}

/** Index of the first rule that matches a span; -1 where none does. */
export function firstMatch(rules: readonly UserRule[]): (span: SpanInput) => number {
  const holds = rules.map(({ match }) => predicate(toPattern(match)))
  return (span) => holds.findIndex((one) => one(span))
}

function rowsOf(when: Pattern, role: Role, leg: UserRule['leg']): Rule[] {
  if (role === 'app') return [{ id: 'U1', when, leg: 'app', role }]
  if (leg !== null) return [{ id: 'U1', when, leg, role }]
  const byKind = [
    [{ kind: SpanKind.server }, 'down'],
    [{ kind: SpanKind.client }, 'up'],
    [{}, 'stage'],
  ] as const
  return byKind.map(([kind, side]) => ({ id: 'U1', when: { all: [when, kind] }, leg: side, role }))
}

function toPattern({ service, scope, name, kind, attributes, resource }: UserRule['match']): Pattern {
  return {
    ...(kind !== undefined && { kind }),
    ...(scope && { scope: toTest(scope) }),
    ...(name && { name: toTest(name) }),
    attributes: toTests(attributes),
    resource: { ...toTests(resource), ...(service && { 'service.name': toTest(service) }) },
  }
}

const toTests = (tests: Readonly<Record<string, UserTest>> = {}): Record<string, TextTest> =>
  Object.fromEntries(Object.entries(tests).map(([key, test]) => [key, toTest(test)]))

function toTest(test: UserTest): TextTest {
  if ('equals' in test) return test.equals
  if ('prefix' in test) return { test: (text) => text.startsWith(test.prefix) }
  if ('regex' in test) return boundedMatcher(test.regex)
  return test.present ? present : absent
}

/** Where the rules in force come from, for those who analyse. */
export interface RuleSource {
  /** The same array until the rules change. */
  current(): readonly UserRule[]
  subscribe(listener: (rules: readonly UserRule[]) => void): void
}

const none: readonly UserRule[] = []
export const withoutRules: RuleSource = { current: () => none, subscribe: () => {} }

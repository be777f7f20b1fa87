import { isNode, LineCounter, parseDocument, type Document } from 'yaml'
import { z } from 'zod'
import { SpanKind } from '../types.ts'
import { regexProblem } from './regex.ts'
import type { UserRule } from './user-rule.ts'

/** What is wrong with a rules file: `line` from 1. */
export interface RuleProblem {
  readonly line: number
  readonly reason: string
}

export type ParsedRules = { readonly rules: readonly UserRule[] } | { readonly problems: readonly RuleProblem[] }

const mostRules = 200
/** Bounds of what the YAML parser is given: one of a hundred thousand brackets ends in its recursion, or ends the process. */
const longestFile = 256 * 1024
const deepest = 200
const mostProblems = 50
const longestReason = 300
const text = z.string().min(1).max(200)
const regex = z.string().superRefine((source, context) => {
  const problem = regexProblem(source)
  if (problem) context.addIssue({ code: 'custom', message: problem })
})
/** A bare text means equal. Numbers and booleans are compared as the text that attributes are. */
const test = z.union(
  [
    z.union([text, z.number(), z.boolean()]).transform((value) => ({ equals: String(value) })),
    z.strictObject({ equals: text }),
    z.strictObject({ prefix: text }),
    z.strictObject({ regex }),
    z.strictObject({ present: z.boolean() }),
  ],
  {
    error: (issue) =>
      (issue.code === 'invalid_union' && issue.errors.flat().find((inner) => inner.code === 'custom')?.message) ||
      'must be a text, or one of equals, prefix, regex, present',
  },
)
const tests = z.record(text, test)
const kinds = {
  internal: SpanKind.internal,
  server: SpanKind.server,
  client: SpanKind.client,
  producer: SpanKind.producer,
  consumer: SpanKind.consumer,
} as const
type KindName = keyof typeof kinds

const rule = z.strictObject({
  name: text,
  match: z
    .strictObject({
      service: test.optional(),
      scope: test.optional(),
      span: test.optional(),
      kind: z
        .enum(Object.keys(kinds) as [KindName, ...KindName[]])
        .transform((kind) => kinds[kind])
        .optional(),
      attributes: tests.optional(),
      resource: tests.optional(),
    })
    .refine(
      (match) => Object.keys(match).length > 0,
      'must test something: service, scope, span, kind, attributes or resource',
    ),
  is: z
    .strictObject({
      family: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and -')
        .optional(),
      role: z.enum([
        'app',
        'gateway',
        'sidecar-inbound',
        'sidecar-outbound',
        'waypoint',
        'l4-proxy',
        'middleware-stage',
      ]),
      leg: z.enum(['down', 'up', 'stage', 'aside']).optional(),
      workload: text.optional(),
    })
    .refine(({ role, family }) => role === 'app' || family !== undefined, 'a proxy needs a family')
    .refine(
      ({ role, family, leg }) => role !== 'app' || (family === undefined && leg === undefined),
      'an application has no family and no leg',
    ),
})
const file = z.strictObject({ rules: z.array(rule).max(mostRules) })

/** Reads a rules file, YAML or JSON (docs/recognition.md), from whomever. All problems at once, of many the first; never throws. */
export function parseRules(source: string): ParsedRules {
  const refused = unreadable(source)
  const parsed = refused ? { problems: [refused] } : parseReadable(source)
  if ('rules' in parsed) return parsed
  const problems = parsed.problems.slice(0, mostProblems)
  return {
    problems: problems.map(({ line, reason }) => ({
      line,
      reason: reason.length > longestReason ? `${reason.slice(0, longestReason)} …` : reason,
    })),
  }
}

/** What no rules file looks like, and a parser should not be asked to look into. */
function unreadable(source: string): RuleProblem | undefined {
  if (source.length > longestFile) return { line: 1, reason: `file: longer than ${longestFile / 1024} KiB` }
  let depth = 0
  let line = 1
  /** Characters since the line began that nest deeper: blanks, and the marks of compact collections. */
  let indent = 0
  for (let i = 0; i < source.length; i++) {
    const char = source.charCodeAt(i)
    if (char === 0x0a) {
      line++
      indent = 0
      continue
    }
    if (char < 0x20 && char !== 0x09 && char !== 0x0d) return { line, reason: 'file: not a text' }
    if (char === 0x5b || char === 0x7b) depth++
    else if ((char === 0x5d || char === 0x7d) && depth > 0) depth--
    if (indent >= 0) indent = ' \t-?:!&*'.includes(source[i]!) ? indent + 1 : -1
    if (depth > deepest || indent > 2 * deepest) return { line, reason: `file: nested deeper than ${deepest}` }
  }
  return undefined
}

function parseReadable(source: string): ParsedRules {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true, logLevel: 'error' })
  if (document.errors.length > 0)
    return {
      problems: document.errors.map((error) => ({
        line: lines.linePos(error.pos[0]).line,
        reason: firstLine(error.message),
      })),
    }
  let plain: unknown
  try {
    plain = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return { problems: [{ line: 1, reason: (error as Error).message }] }
  }
  const parsed = file.safeParse(plain)
  if (!parsed.success)
    return {
      problems: parsed.error.issues.map(({ path, message }) => ({
        line: lineOf(document, lines, path),
        reason: `${path.join('.') || 'file'}: ${message}`,
      })),
    }
  return { rules: parsed.data.rules.map(toUserRule) }
}

const firstLine = (message: string) => message.split('\n')[0]!.replace(/ at line \d+.*$/, '')

/** Of the value at fault, or of the nearest that is there. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}

/** Parts that were not given are left out, so that a rule has one form. */
function toUserRule({ name, match, is }: z.infer<typeof rule>): UserRule {
  const { span, ...others } = match
  const given = Object.entries({ ...others, name: span }).filter(([, value]) => value !== undefined)
  return {
    name,
    match: Object.fromEntries(given),
    family: is.family ?? '',
    role: is.role,
    leg: is.leg ?? (is.role === 'middleware-stage' ? 'stage' : null),
    workload: is.workload ?? '',
  }
}

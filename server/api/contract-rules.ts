/** Recognition rules of the user (docs/recognition.md): those in force, and rules that are only tried. */
import { z } from 'zod'
import { Count, Instant, Role, TraceId } from './contract.ts'

export const RuleProblem = z.object({ line: Count.describe('from 1; 0 of the file as a whole'), reason: z.string() })
export type RuleProblem = z.infer<typeof RuleProblem>

export const RulesInForce = z.object({
  file: z.string().nullable().describe('HOPSCOPE_RULES_FILE; null where none is named'),
  rules: Count,
  source: z.string().describe('the text that the rules in force were read from'),
  readUnixNano: Instant.nullable().describe('when it was read'),
  problems: z
    .array(RuleProblem)
    .describe('of the file as it is now; while there are any, the rules before stay in force'),
})
export type RulesInForce = z.infer<typeof RulesInForce>

export const longestRules = 256 * 1024

export const TryRulesRequest = z.strictObject({
  source: z
    .string()
    .max(longestRules, `at most ${longestRules / 1024} KiB`)
    .describe('a rules file, YAML or JSON'),
  minutes: z.number().int().min(1).max(60).default(15).describe('spans that began in so many minutes up to now'),
})
export type TryRulesRequest = z.input<typeof TryRulesRequest>

const Emitter = z.object({ name: z.string(), family: z.string().describe("'' for applications"), role: Role })

export const TriedRules = z.object({
  problems: z.array(RuleProblem).describe('while there are any, nothing else is looked at'),
  rules: z.array(z.object({ name: z.string(), spans: Count })).describe('spans that each rule is the first to match'),
  from: Instant,
  to: Instant,
  stored: Count.describe('spans of the window'),
  looked: z.object({ spans: Count, traces: Count }).describe('a sample of whole traces where there are too many'),
  matched: Count.describe('spans that some rule matches'),
  changed: Count.describe('spans that would be recognised as something else than now'),
  changes: z.array(
    z.object({
      before: Emitter,
      after: Emitter,
      spans: Count,
      traces: Count,
      examples: z.array(TraceId).describe('newest first'),
    }),
  ),
})
export type TriedRules = z.infer<typeof TriedRules>

/** Alerts, silences and what is told to whom (api.md). */
import { z } from 'zod'
import { AlertMeasure } from './contract-alert-rules.ts'
import { instant } from './contract-query.ts'
import { Count, EntityId, Fidelity, Instant, Measure, TraceId } from './contract.ts'

export const AlertPhase = z.enum(['pending', 'firing', 'keep', 'resolved', 'stale'])
export type AlertPhase = z.infer<typeof AlertPhase>

export const AlertSeries = z.object({
  kind: z.enum(['proxy', 'hop', 'trace']),
  id: EntityId.describe('of the proxy, hop or route'),
  name: z.string(),
  fidelity: Fidelity.describe('the level that the values are of; unknown for a share'),
})
export type AlertSeries = z.infer<typeof AlertSeries>

const Likely = z.object({
  atUnixNano: Instant,
  kind: z.string(),
  title: z.string(),
  source: z.enum(['told', 'seen']),
})

export const AlertCause = z.object({
  predicate: z
    .array(z.object({ key: z.string(), value: z.string() }))
    .describe('what the slower requests have in common; empty where nothing was found'),
  effect: Measure.describe('what came to a request: the mean'),
  explained: z.number().nullable().describe('part of all added time that lies in these requests'),
})
export const Symptom = z.object({ id: EntityId, alertId: EntityId, name: z.string(), effect: Measure })

export const Alert = z.object({
  id: EntityId,
  ruleId: EntityId,
  ruleName: z.string(),
  kind: z.enum(['threshold', 'regression', 'budget']),
  measure: AlertMeasure,
  quantile: z.number().nullable(),
  series: AlertSeries,
  state: AlertPhase,
  dataOk: z.boolean(),
  sinceUnixNano: Instant.describe('when the condition was first met'),
  firedUnixNano: Instant.nullable().describe('when it fired; null where it has not'),
  startedAtUnixNano: Instant.nullable().describe('the change point of a regression'),
  evaluatedUnixNano: Instant,
  value: z
    .number()
    .nullable()
    .describe('ns, or a share; of a budget the burn rate; as of the last evaluation with data'),
  before: z.number().nullable().describe('of a regression: what it was'),
  change: z
    .object({ ratio: z.number(), lo: z.number().nullable(), hi: z.number().nullable() })
    .nullable()
    .describe('of a regression: value over before, and its 95 % interval'),
  windowMs: Count.nullable().describe('of a regression: the length of the window that finds it; null of others'),
  n: Count.describe('requests that the value is of'),
  pages: z.boolean().describe('somebody is told when it fires'),
  quiet: z
    .enum(['listed', 'symptom', 'mix', 'moved', 'explained'])
    .nullable()
    .describe(
      'why nobody is told: below the paging gate; beneath another alert; more traffic of what always was slow; time that moved from elsewhere; explained by alerts of its parts',
    ),
  partOf: EntityId.nullable().describe('the alert that it is a symptom of'),
  cause: AlertCause.nullable(),
  symptoms: z.array(Symptom),
  events: z.array(Likely).describe('deploys, changes and new versions shortly before it began'),
  exemplars: z.array(TraceId).describe('slow ones since'),
  exemplarsBefore: z.array(TraceId),
  labels: z.record(z.string(), z.string()),
  fingerprint: z.string(),
  silencedUntilUnixNano: Instant.nullable(),
  silencedBy: EntityId.nullable().describe(
    'the silence of several that it is under; null where it has its own or none',
  ),
  acknowledged: z.object({ by: z.string(), atUnixNano: Instant }).nullable(),
})
export type Alert = z.infer<typeof Alert>

export const AlertList = z.object({
  items: z.array(Alert).describe('firing first, then newest'),
  counts: z.object({ pending: Count, firing: Count, stale: Count, resolved: Count, silenced: Count, noData: Count }),
  evaluator: z.object({
    holder: z.string().nullable().describe('null where no evaluator runs'),
    evaluatedUnixNano: Instant.nullable().describe('what thresholds were last evaluated for'),
    regressionsUnixNano: Instant.nullable(),
    behindMs: Count.nullable().describe('how long ago that was'),
    rulesLeftOut: Count.describe(
      'rules that the last evaluations had no time for: they take turns, and their alerts hold',
    ),
  }),
})
export type AlertList = z.infer<typeof AlertList>

export const AlertsQuery = z.strictObject({
  state: z.enum(['pending', 'firing', 'resolved', 'stale']).optional().describe('firing: kept ones too'),
  rule: EntityId.optional(),
})

export const AlertHistoryItem = z.object({
  atUnixNano: Instant,
  what: z.enum([
    'pending',
    'firing',
    'keep',
    'resolved',
    'inactive',
    'stale',
    'acknowledged',
    'silenced',
    'unsilenced',
    'comment',
    're-baselined',
    'notified',
    'notification-failed',
  ]),
  value: z.number().nullable(),
  by: z.string().describe("'' for the evaluator"),
  text: z.string(),
})
export const AlertDetail = Alert.extend({ history: z.array(AlertHistoryItem).describe('newest first, at most 500') })
export type AlertDetail = z.infer<typeof AlertDetail>
export type AlertHistoryItem = z.infer<typeof AlertHistoryItem>

const by = z.string().trim().max(200).default('')
const text = z.string().trim().max(2000)
export const SilenceRequest = z.strictObject({
  until: instant().describe('in the past: the silence ends'),
  comment: text.default(''),
  by,
})

export const SilenceMatcher = z
  .strictObject({
    rule: EntityId.optional(),
    fingerprint: z
      .string()
      .regex(/^(?:proxy|hop|trace):[0-9a-f]{16}$/, 'as alerts have it')
      .optional(),
    series: z.string().min(1).max(300).optional().describe('name of the proxy, hop or route; * stands for anything'),
    labels: z.record(z.string().max(128), z.string().max(256)).optional().describe('of the rule; all must be so'),
  })
  .refine((matcher) => Object.values(matcher).some((value) => value !== undefined), 'names nothing that it is of')
export type SilenceMatcher = z.infer<typeof SilenceMatcher>
export const SilenceBody = SilenceRequest.extend({ matcher: SilenceMatcher })
/** A silence of whatever matches, those alerts that begin while it lasts too. */
export const StandingSilence = z.object({
  id: EntityId,
  matcher: SilenceMatcher,
  ruleName: z.string().nullable().describe('of the rule that it names, as an alert has it'),
  seriesName: z.string().nullable().describe('of the proxy, hop or route of its fingerprint, as an alert has it'),
  atUnixNano: Instant.describe('when it was set'),
  untilUnixNano: Instant,
  by: z.string(),
  comment: z.string(),
  alerts: Count.describe('open ones that match'),
})
export type StandingSilence = z.infer<typeof StandingSilence>
export const SilenceList = z.object({ items: z.array(StandingSilence).describe('that last, newest first') })
export type SilenceList = z.infer<typeof SilenceList>

export const AcknowledgeRequest = z.strictObject({ by, comment: text.default('') })
export const CommentRequest = z.strictObject({ by, text: text.min(1) })
export const RebaselineRequest = z.strictObject({ by, comment: text.default('') })

export const AuditList = z.object({
  items: z.array(
    z.object({
      atUnixNano: Instant,
      by: z.string(),
      what: z.string().describe('rule created, rule changed, …'),
      id: z.string(),
      name: z.string(),
      detail: z.string().describe('JSON of it afterwards; of a target without secrets'),
    }),
  ),
})
export type AuditList = z.infer<typeof AuditList>

const env = z.strictObject({ env: z.string().regex(/^[A-Za-z_]\w{0,127}$/, 'not a name of an environment variable') })
const file = z.strictObject({ file: z.string().min(1).max(1024) })
export const Secret = z.union([z.string().min(1).max(4096), env, file], 'must be a text, { env } or { file }')
export type Secret = z.infer<typeof Secret>

export const TargetKind = z.enum(['webhook', 'slack', 'teams', 'pagerduty', 'alertmanager', 'email'])
export type TargetKind = z.infer<typeof TargetKind>

const httpUrl = z.url({ protocol: /^https?$/, error: 'not an http or https URL' }).max(2048)
/** What a template may name, besides `label.NAME`. */
export const templateNames = [
  ...(['status', 'rule', 'series', 'kind', 'measure', 'quantile', 'value', 'before', 'change', 'since'] as const),
  ...(['sentence', 'facts', 'cause', 'symptoms', 'events', 'url', 'requests', 'id'] as const),
] as const
const isName = (name: string): boolean =>
  (templateNames as readonly string[]).includes(name) || /^label\.[^\s{}]{1,64}$/.test(name)
const templateText = (most: number) =>
  z
    .string()
    .max(most, `longer than ${most}`)
    .superRefine((text, context) => {
      const unknown = [...text.matchAll(/\{\{([^{}]*)\}\}/g)].find(([, name = '']) => !isName(name.trim()))
      if (unknown) context.addIssue({ code: 'custom', message: `there is no ${unknown[0].slice(0, 90)}` })
      if (/\{\{[^{}]*(\{|$)/.test(text)) context.addIssue({ code: 'custom', message: '{{ is not closed' })
    })
const Template = z
  .strictObject({ title: templateText(500).optional(), body: templateText(8_000).optional() })
  .describe(`names in double braces: ${templateNames.join(', ')}, label.NAME; what is left out is as it always is`)
export type Template = z.infer<typeof Template>

const mailAddress = z.email('not a mail address').max(320)
const smtpUrl = z
  .url({ protocol: /^smtps?$/, error: 'not an smtp or smtps URL' })
  .max(2048)
  .refine((url) => /^smtps?:\/\/[^/?#@]+\/?$/.test(url), 'more than host and port')

const TargetFields = {
  name: z.string().trim().min(1, 'is empty').max(200),
  enabled: z.boolean().default(true),
}
const urlTarget = <Kind extends 'webhook' | 'slack' | 'teams' | 'alertmanager'>(kind: Kind) =>
  z.strictObject({ ...TargetFields, kind: z.literal(kind), url: httpUrl, secret: Secret.optional() })
const templated = { template: Template.optional() }
export const TargetBody = z.discriminatedUnion(
  'kind',
  [
    urlTarget('webhook'),
    urlTarget('slack').extend(templated),
    urlTarget('teams').extend(templated),
    urlTarget('alertmanager').extend(templated),
    z.strictObject({
      ...TargetFields,
      kind: z.literal('pagerduty'),
      url: httpUrl.default('https://events.pagerduty.com/v2/enqueue'),
      secret: Secret.optional().describe('the integration key'),
      ...templated,
    }),
    z
      .strictObject({
        ...TargetFields,
        kind: z.literal('email'),
        url: smtpUrl.describe(
          'smtp://HOST:PORT (587 when left out) asks for STARTTLS, smtps://HOST:PORT (465) is TLS from the start',
        ),
        from: mailAddress,
        to: z.array(mailAddress, 'not a list of mail addresses').min(1, 'is empty').max(50, 'more than 50'),
        username: z.string().min(1).max(320).optional(),
        secret: Secret.optional().describe('the password of username'),
        allowPlaintext: z.boolean().default(false).describe('smtp: also to servers without STARTTLS'),
        ca: z
          .string()
          .max(16_384)
          .optional()
          .describe("PEM of the authority of the server's certificate, where it is not a public one"),
        ...templated,
      })
      .superRefine(({ username, allowPlaintext }, context) => {
        if (username !== undefined && allowPlaintext)
          context.addIssue({ code: 'custom', path: ['allowPlaintext'], message: 'a password goes over TLS only' })
      }),
  ],
  'kind: must be webhook, slack, teams, pagerduty, alertmanager or email',
)
export type TargetBody = z.infer<typeof TargetBody>

export const Target = z.object({
  id: EntityId,
  name: z.string(),
  kind: TargetKind,
  url: z.string(),
  from: z.string().optional().describe('of email'),
  to: z.array(z.string()).optional().describe('of email'),
  username: z.string().optional().describe('of email'),
  allowPlaintext: z.boolean().optional().describe('of email'),
  ca: z.string().optional().describe('of email'),
  template: Template.optional(),
  enabled: z.boolean(),
  hasSecret: z.boolean(),
  secretFrom: z.string().nullable().describe('env NAME or file PATH; null for one that was given, and without one'),
  waiting: Count,
  dead: Count.describe('given up after a day of attempts'),
  last: z.object({ atUnixNano: Instant, ok: z.boolean(), detail: z.string() }).nullable(),
})
export type Target = z.infer<typeof Target>
export const TargetList = z.object({ items: z.array(Target) })
export type TargetList = z.infer<typeof TargetList>
export const Undelivered = z.object({
  key: z.string().describe('the idempotency key'),
  atUnixNano: Instant.describe('when it was given up'),
  status: z.enum(['firing', 'resolved']),
  alertId: EntityId,
  ruleName: z.string(),
  series: z.string(),
  attempts: Count,
  error: z.string(),
})
export type Undelivered = z.infer<typeof Undelivered>
export const DeadLetters = z.object({ items: z.array(Undelivered).describe('newest first, at most 200') })
export type DeadLetters = z.infer<typeof DeadLetters>
export const SendAgain = z.strictObject({ keys: z.array(z.string().min(1).max(200)).min(1).max(200) })
export const NoBody = z.strictObject({})
export const TargetTest = z.object({ ok: z.boolean(), detail: z.string(), durationMs: Count })
export type TargetTest = z.infer<typeof TargetTest>

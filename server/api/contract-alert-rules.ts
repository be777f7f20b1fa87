/** Rules that alerts come from (api.md): what is sent, what is answered, and what rules would have done. */
import { z } from 'zod'
import { inOrder, instant } from './contract-query.ts'
import { Count, EntityId, Fidelity, Instant } from './contract.ts'

const minute = 60_000
const day = 24 * 60 * minute

export const AlertMeasure = z.enum([
  ...(['added', 'overhead', 'requestPath', 'responsePath'] as const),
  ...(['transit', 'wire', 'endToEnd', 'meshTaxShare', 'gatewayTaxShare'] as const),
])
export type AlertMeasure = z.infer<typeof AlertMeasure>

/** What a measure is of: `trace` of whole requests, by route. */
export const subjectOf: Record<AlertMeasure, 'proxy' | 'hop' | 'trace'> = {
  ...{ added: 'proxy', overhead: 'proxy', requestPath: 'proxy', responsePath: 'proxy' },
  ...{ transit: 'hop', wire: 'hop', endToEnd: 'trace', meshTaxShare: 'trace', gatewayTaxShare: 'trace' },
}
export const isShare = (measure: AlertMeasure): boolean => measure.endsWith('Share')

const word = z.string().min(1).max(256)
const Filter = z
  .strictObject({
    proxy: EntityId.optional().describe('of proxies'),
    hop: EntityId.optional().describe('of hops'),
    family: z.string().min(1).max(64).optional().describe('of proxies'),
    service: word
      .optional()
      .describe("a proxy's name or workload; a hop's caller or callee; the root service of requests"),
    route: word.optional().describe('of whole requests: its id, or the name of the root span'),
    fidelity: Fidelity.exclude(['unknown']).optional().describe('when left out, the level with most requests'),
  })
  .describe('all of them where it is empty')
export type RuleFilter = z.infer<typeof Filter>

const span = (least: number, most: number) =>
  z
    .number('not a number of ms')
    .int('not whole ms')
    .min(least, `less than ${least} ms`)
    .max(most, `more than ${most} ms`)
const Labels = z
  .record(z.string().min(1).max(64), z.string().max(256))
  .refine((all) => Object.keys(all).length <= 32, 'more than 32')
const valueNs = z
  .number('not a number of ns')
  .int('not whole ns')
  .min(0, 'below 0')
  .max(3_600_000_000_000, 'more than an hour')
const share = z.number('not a number').gt(0, 'not above 0').lt(1, 'not below 1')
const minCount = z.number('not a number').int('not whole').min(1, 'below 1').max(1_000_000_000)

const common = {
  name: z.string('is missing').trim().min(1, 'is empty').max(200, 'longer than 200'),
  measure: AlertMeasure,
  filter: Filter.default({}),
  targets: z.array(EntityId, 'not a list of ids of notification targets').max(20, 'more than 20').default([]),
  labels: Labels.default({}),
  enabled: z.boolean().default(true),
}
const windowMs = span(minute, day)
  .refine((ms) => ms % minute === 0, 'not whole minutes')
  .default(minute)
const quantile = z.number('not a number').min(0.5, 'below 0.5').max(0.999, 'above 0.999')

const Threshold = z.strictObject({
  kind: z.literal('threshold'),
  ...common,
  quantile: quantile.default(0.95),
  op: z.enum(['>', '<'], 'must be > or <').default('>'),
  valueNs: valueNs.optional().describe('of a latency'),
  value: share.optional().describe('of a share'),
  resolveValueNs: valueNs.optional().describe('valueNs when left out'),
  resolveValue: share.optional().describe('value when left out'),
  windowMs: windowMs.describe('sliding; ends at the last settled minute'),
  forMs: span(0, day).default(10 * minute),
  keepFiringMs: span(0, 7 * day).default(0),
  minCount: minCount
    .optional()
    .describe('when left out, what the claim table (algorithms.md section 6) asks of the quantile'),
})

export const BurnRate = z.strictObject({
  longMs: span(5 * minute, 7 * day).refine((ms) => ms % minute === 0, 'not whole minutes'),
  shortMs: span(minute, day).refine((ms) => ms % minute === 0, 'not whole minutes'),
  rate: z.number().gt(0, 'not above 0').max(100_000),
})
export type BurnRate = z.infer<typeof BurnRate>

/** Of 30 days' budget: 2 % in an hour, 5 % in six hours (Google's SRE workbook, chapter 5). */
const usualBurnRates: BurnRate[] = [
  { longMs: 60 * minute, shortMs: 5 * minute, rate: 14.4 },
  { longMs: 360 * minute, shortMs: 30 * minute, rate: 6 },
]

const Budget = z.strictObject({
  kind: z.literal('budget'),
  ...common,
  valueNs,
  objective: z.strictObject({
    share: share.describe('of requests that take at most valueNs'),
    windowMs: span(60 * minute, 90 * day)
      .refine((ms) => ms % (60 * minute) === 0, 'not whole hours')
      .default(30 * day),
    burnRates: z.array(BurnRate).min(1, 'is empty').max(6, 'more than 6').default(usualBurnRates),
  }),
  forMs: span(0, day).default(0),
  keepFiringMs: span(0, 7 * day).default(10 * minute),
  minCount: minCount.default(200),
})

const Regression = z.strictObject({
  kind: z.literal('regression'),
  ...common,
  quantile: z.union([z.literal(0.5), z.literal(0.95)], 'must be 0.5 or 0.95').default(0.5),
  relMin: z.number().min(0.01, 'below 0.01').max(100).default(0.1).describe('least effect, as a part of what it was'),
  absMinNs: valueNs.optional().describe('least effect; 0.2 ms, end to end 5 ms when left out'),
  q: z
    .number()
    .min(0.0001)
    .max(0.5)
    .default(0.1)
    .describe('false discoveries among those listed; a thousandth of it among those that page'),
  forMs: span(0, day).default(10 * minute),
  keepFiringMs: span(0, 7 * day).default(30 * minute),
  minCount: minCount.default(300).describe('requests in the last 15 minutes'),
})

/** What a rule may be about depends on its measure. */
function fits(
  rule: z.infer<typeof Threshold> | z.infer<typeof Budget> | z.infer<typeof Regression>,
  context: z.core.$RefinementCtx,
) {
  const { measure, filter } = rule
  const say = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
  const subject = subjectOf[measure]
  if (filter.proxy !== undefined && subject !== 'proxy') say(['filter', 'proxy'], `${measure} is not of proxies`)
  if (filter.family !== undefined && subject !== 'proxy') say(['filter', 'family'], `${measure} is not of proxies`)
  if (filter.hop !== undefined && subject !== 'hop') say(['filter', 'hop'], `${measure} is not of hops`)
  if (filter.route !== undefined && subject !== 'trace') say(['filter', 'route'], `${measure} is not of whole requests`)
  if (isShare(measure) && filter.fidelity !== undefined) say(['filter', 'fidelity'], 'a share has no level')
  if (rule.kind !== 'threshold') {
    if (isShare(measure)) say(['measure'], `a ${rule.kind} rule is of latencies`)
    if (rule.kind === 'budget')
      rule.objective.burnRates.forEach(({ longMs, shortMs }, i) => {
        if (shortMs >= longMs) say(['objective', 'burnRates', i, 'shortMs'], 'not below longMs')
      })
    return
  }
  const [own, other] = isShare(measure) ? (['value', 'valueNs'] as const) : (['valueNs', 'value'] as const)
  if (rule[own] === undefined) say([own], `is missing: ${measure} is compared with it`)
  if (rule[other] !== undefined) say([other], `${measure} is compared with ${own}`)
  const [fires, resolves] = isShare(measure) ? [rule.value, rule.resolveValue] : [rule.valueNs, rule.resolveValueNs]
  const field = isShare(measure) ? 'resolveValue' : 'resolveValueNs'
  if (isShare(measure) && rule.resolveValueNs !== undefined)
    say(['resolveValueNs'], `${measure} resolves at resolveValue`)
  if (!isShare(measure) && rule.resolveValue !== undefined)
    say(['resolveValue'], `${measure} resolves at resolveValueNs`)
  if (fires !== undefined && resolves !== undefined && (rule.op === '>' ? resolves > fires : resolves < fires))
    say([field], rule.op === '>' ? `above ${own}` : `below ${own}`)
}

export const AlertRuleBody = z
  .discriminatedUnion('kind', [Threshold, Budget, Regression], 'kind: must be threshold, budget or regression')
  .superRefine(fits)
/** With every default in its place. */
export type AlertRuleBody = z.infer<typeof AlertRuleBody>
export type ThresholdRule = Extract<AlertRuleBody, { kind: 'threshold' }>
export type BudgetRule = Extract<AlertRuleBody, { kind: 'budget' }>
export type RegressionRule = Extract<AlertRuleBody, { kind: 'regression' }>

const Kept = {
  id: EntityId,
  source: z.enum(['built-in', 'api', 'file']).describe('file: read-only here; built-in: may be changed, not deleted'),
  file: z
    .string()
    .nullable()
    .describe('the name of the file in HOPSCOPE_ALERT_RULES_DIR that it comes from; null of others'),
  changedUnixNano: Instant.nullable().describe('null for built-in rules that nobody changed'),
  alerts: z.object({ pending: Count, firing: Count, stale: Count }).describe('of the rule, now; kept ones are firing'),
}
export const AlertRule = z.union([Threshold.extend(Kept), Budget.extend(Kept), Regression.extend(Kept)])
export type AlertRule = z.infer<typeof AlertRule>

export const AlertRuleList = z.object({
  items: z.array(AlertRule),
  problems: z
    .array(z.object({ file: z.string(), reason: z.string() }))
    .describe('of rule files; while there are any, the rules of that file before stay in force'),
})
export type AlertRuleList = z.infer<typeof AlertRuleList>

export const longestRuleFile = 1024 * 1024
export const mostRules = 10_000

export const RuleImport = z.strictObject({
  source: z
    .string()
    .max(longestRuleFile, 'longer than 1 MiB')
    .describe('YAML or JSON: a list of rules, or { rules: [...] }'),
  dryRun: z.boolean().default(false).describe('says what would come of it'),
})
export const ImportedRules = z.object({
  created: z.array(z.string()).describe('names'),
  changed: z.array(z.string()).describe('rules of the API of the same name'),
  unchanged: z.array(z.string()),
})
export type ImportedRules = z.infer<typeof ImportedRules>
export const RuleExport = z.object({ source: z.string().describe('YAML of all rules of the API') })
export type RuleExport = z.infer<typeof RuleExport>

export const PreviewRequest = z
  .strictObject({ rule: AlertRuleBody, from: instant('now-24h'), to: instant('now') })
  .superRefine(inOrder)
  .refine(({ from, to }) => to - from <= 31 * day, { path: ['from'], message: 'more than 31 days before to' })

const PreviewState = z.object({
  fromUnixNano: Instant,
  toUnixNano: Instant,
  state: z.enum(['inactive', 'pending', 'firing', 'keep', 'resolved', 'stale']),
  dataOk: z.boolean(),
})
export const PreviewSeries = z.object({
  id: EntityId,
  name: z.string(),
  fidelity: Fidelity,
  fired: Count,
  points: z
    .array(z.object({ startUnixNano: Instant, n: Count, value: z.number().nullable() }))
    .describe(
      'value: ns, or a share; of a regression the change as a part of what it was; of a budget the burn rate; null where there was too little',
    ),
  states: z.array(PreviewState).describe('stretches of one state, oldest first'),
})
export const AlertPreview = z.object({
  from: Instant,
  to: Instant,
  stepMs: Count.describe('how far evaluations are apart'),
  fired: Count.describe('how often it would have fired, of all series looked at'),
  looked: Count.describe('series that were looked at: the busiest'),
  of: Count.describe('series that the rule is about'),
  series: z.array(PreviewSeries).describe('those that would have fired most first, at most 10'),
})
export type AlertPreview = z.infer<typeof AlertPreview>
export type PreviewSeries = z.infer<typeof PreviewSeries>

/** A rule that is being written: what its fields hold, what is sent of it, and what is suggested from a chart. */
import type { AlertMeasure, AlertRule, AlertRuleBody, RuleFilter } from '../../../server/api/contract-alert-rules.ts'
import type { Quantiles } from '../format/figure.ts'
import { isShare, quantileText, measures, subjectOf } from './words.ts'

/** As the API takes it, all kinds at once. A text that is no number stays a text: the API says what is wrong with it. */
export interface Draft {
  kind: AlertRuleBody['kind']
  name: string
  measure: AlertMeasure
  quantile?: Amount
  filter: RuleFilter
  op?: '>' | '<'
  valueNs?: Amount
  value?: Amount
  resolveValueNs?: Amount
  resolveValue?: Amount
  windowMs?: Amount
  forMs?: Amount
  keepFiringMs?: Amount
  minCount?: Amount
  objective?: {
    share: Amount
    windowMs?: Amount
    burnRates?: readonly { longMs: Amount; shortMs: Amount; rate: Amount }[]
  }
  relMin?: Amount
  absMinNs?: Amount
  q?: Amount
  targets: readonly string[]
  labels: Readonly<Record<string, string>>
  enabled: boolean
}
export type Amount = number | string

const common = [
  'kind',
  'name',
  'measure',
  'filter',
  'forMs',
  'keepFiringMs',
  'minCount',
  'targets',
  'labels',
  'enabled',
] as const
const own = {
  threshold: ['quantile', 'op', 'windowMs'],
  budget: ['objective', 'valueNs'],
  regression: ['quantile', 'relMin', 'absMinNs', 'q'],
} as const satisfies Record<Draft['kind'], readonly (keyof Draft)[]>

/** What the API is sent: fields of other kinds and measures are left out, so that nothing typed is lost by looking at another kind. */
export function bodyOf(draft: Draft): Partial<Draft> {
  const sized = isShare(draft.measure) ? (['value', 'resolveValue'] as const) : (['valueNs', 'resolveValueNs'] as const)
  const keys: readonly (keyof Draft)[] = [...common, ...own[draft.kind], ...(draft.kind === 'threshold' ? sized : [])]
  const { proxy, hop, family, route, service, fidelity } = draft.filter
  const subject = subjectOf(draft.measure)
  const filter = {
    ...(subject === 'proxy' && { proxy, family }),
    ...(subject === 'hop' && { hop }),
    ...(subject === 'trace' && { route }),
    service,
    ...(!isShare(draft.measure) && { fidelity }),
  }
  const quantile = draft.kind === 'regression' && draft.quantile !== 0.95 ? 0.5 : draft.quantile
  return Object.fromEntries(
    Object.entries({ ...draft, quantile, filter: present(filter) }).filter(
      ([key, value]) => keys.includes(key as keyof Draft) && value !== undefined && value !== '',
    ),
  )
}

const present = <T extends object>(of: T): RuleFilter =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined && value !== ''))

const emptyDraft: Draft = {
  ...{ kind: 'threshold', name: '', measure: 'added', quantile: 0.95, filter: {}, op: '>', forMs: 600_000 },
  ...{ targets: [], labels: {}, enabled: true },
}

/** From the address: JSON of a draft; what is no draft is a new one. */
export function draftOf(text: string): Draft {
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read === 'object' && read !== null) return { ...emptyDraft, ...read }
  } catch {
    // A link that was cut: begin anew.
  }
  return emptyDraft
}

export const textOf = (draft: Partial<Draft>): string => JSON.stringify(draft)

/** A rule as it stands, without what the server adds. */
export function draftOfRule(rule: AlertRule): Draft {
  const { id: _id, source: _source, file: _file, changedUnixNano: _changed, alerts: _alerts, ...body } = rule
  return body as unknown as Draft
}

/** What a chart knows of what is drawn on it. */
export interface Charted {
  readonly measure: AlertMeasure
  /** "mesh-egress" */
  readonly name: string
  readonly filter: RuleFilter
  /** Quantiles over the page's window, with their count of values. */
  readonly of?: Pick<Quantiles, 'p50Ns' | 'p95Ns' | 'p99Ns'> & { readonly n: number }
  /** ms of that window. */
  readonly windowMs: number
}

const quantiles = [
  { q: 0.99, key: 'p99Ns', needed: 2_000 },
  { q: 0.95, key: 'p95Ns', needed: 400 },
  { q: 0.5, key: 'p50Ns', needed: 200 },
] as const
const windows = [1, 5, 15, 60].map((minutes) => minutes * 60_000)

/**
 * A threshold half above what is usual, of the highest quantile up to the one asked for that the traffic has enough requests for, in the
 * shortest window that does; where no window does, p50 of an hour, of as many requests as there are.
 * @param wanted 0.5, 0.95, 0.99.
 */
export function suggested({ measure, name, filter, of, windowMs }: Charted, wanted: number): Draft {
  const perMs = of ? of.n / Math.max(1, windowMs) : 0
  const possible = quantiles
    .filter(({ q, key }) => q <= wanted && (of?.[key] ?? null) !== null)
    .flatMap(({ q, key, needed }) => {
      // Traffic wavers: twice as many as are needed.
      const window = windows.find((ms) => perMs * ms >= 2 * needed)
      return window === undefined ? [] : [{ q, ns: of![key]!, window }]
    })
  const chosen = possible[0]
  const ns = chosen?.ns ?? of?.p50Ns ?? of?.p95Ns ?? null
  const quantile = chosen?.q ?? 0.5
  return {
    ...emptyDraft,
    ...{ measure, filter, quantile, name: `${name}: ${measures[measure]} ${quantileText(quantile)}` },
    ...(ns !== null && !isShare(measure) && { valueNs: rounded(ns * 1.5), resolveValueNs: rounded(ns * 1.25) }),
    windowMs: chosen?.window ?? 3_600_000,
    ...(chosen === undefined && { minCount: Math.max(20, Math.floor((perMs * 3_600_000) / 4)) }),
    forMs: 300_000,
  }
}

/** Up to two figures. */
function rounded(ns: number): number {
  const size = 10 ** (Math.floor(Math.log10(Math.max(1, ns))) - 1)
  return Math.max(1, Math.round(Math.ceil(ns / size) * size))
}

/** Which field of the form a fault of the API belongs to: `rule.valueNs` is `valueNs`; '' for none. */
export const fieldAtFault = (field: string | undefined): string => field?.replace(/^rule\./, '') ?? ''

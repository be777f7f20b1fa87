import { isShare } from '../../api/contract-alert-rules.ts'
import type { Alert, Template } from '../../api/contract-alerts.ts'
import { filled, type TemplateValues } from './template.ts'

/** What people are told, in a line and a few facts. */

const names: Record<Alert['measure'], string> = {
  ...{
    added: 'added time',
    overhead: 'in-process time',
    requestPath: 'request path',
    responsePath: 'response path',
    transit: 'transit',
  },
  ...{
    wire: 'wire and wake-up',
    endToEnd: 'end-to-end time',
    meshTaxShare: 'mesh tax',
    gatewayTaxShare: 'gateway tax',
  },
}

export function amount({ measure, kind }: Pick<Alert, 'measure' | 'kind'>, value: number): string {
  if (kind === 'budget') return `${number(value)} × the budget's rate`
  if (isShare(measure)) return `${number(value * 100)} %`
  if (Math.abs(value) >= 1e9) return `${number(value / 1e9)} s`
  return Math.abs(value) >= 1e6 ? `${number(value / 1e6)} ms` : `${number(value / 1e3)} µs`
}

const number = (value: number): string => String(Number(value.toPrecision(3)))
const utc = (nano: string): string =>
  `${new Date(Number(BigInt(nano) / 1_000_000n)).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** `envoy/cart: added time p50 3.1 ms, was 2.2 ms (+41 %), since 2026-03-01 14:12 UTC`. */
export function sentenceOf(alert: Alert): string {
  const { series, measure, quantile, value, before, change, startedAtUnixNano, sinceUnixNano } = alert
  const signs = { exact: '', bounded: '≤ ', modelled: '≈ ', unknown: '' }
  const which = quantile === null ? '' : ` p${number(quantile * 100)}`
  const now = value === null ? '' : ` ${signs[series.fidelity]}${amount(alert, value)}`
  const ratio = change?.ratio ?? (value !== null && before ? value / before : null)
  const was =
    before === null
      ? ''
      : `, was ${amount(alert, before)}${ratio === null ? '' : ` (${ratio >= 1 ? '+' : ''}${Math.round((ratio - 1) * 100)} %)`}`
  return `${series.name}: ${names[measure]}${which}${now}${was}, since ${utc(startedAtUnixNano ?? sinceUnixNano)}`
}

/** What there is to say beside it. */
export function factsOf({ cause, symptoms, events, labels }: Alert): [name: string, text: string][] {
  const facts: [string, string][] = []
  if (cause && cause.predicate.length > 0) {
    const what = cause.predicate.map(({ key, value }) => `${key} = ${value}`).join(' and ')
    facts.push([
      'Likely cause',
      cause.explained === null ? what : `${what}, ${Math.round(cause.explained * 100)} % of the added time`,
    ])
  }
  for (const { title, kind, atUnixNano } of events.slice(-2))
    facts.push(['Shortly before', `${kind} ${title}, ${utc(atUnixNano)}`])
  if (symptoms.length > 0)
    facts.push([
      'Also slower',
      `${symptoms
        .slice(0, 3)
        .map(({ name }) => name)
        .join(', ')}${symptoms.length > 3 ? ` and ${symptoms.length - 3} more` : ''}`,
    ])
  for (const [name, text] of Object.entries(labels)) facts.push([name, text])
  return facts
}

/** One thing to tell one target. */
export interface Telling {
  /** The idempotency key. */
  readonly key: string
  readonly status: 'firing' | 'resolved'
  readonly alert: Alert
  readonly rule: { readonly id: string; readonly name: string }
  /** Of the alert's page. */
  readonly url: string
}

export const titleOf = (telling: Telling, template?: Template): string =>
  // A title is one line.
  (filled(template, 'title', () => valuesOf(telling)) ?? usualTitle(telling)).replace(/\s+/g, ' ').trim()

const usualTitle = ({ status, rule }: Telling) => `${status === 'firing' ? 'Firing' : 'Resolved'}: ${rule.name}`

/** As text. */
export const bodyOf = (telling: Telling, template?: Template): string =>
  ownBody(telling, template) ??
  [sentenceOf(telling.alert), '', ...factLines(telling.alert), '', telling.url].join('\n').replace(/\n{3,}/g, '\n\n')

/** undefined where the target has none. */
export const ownBody = (telling: Telling, template?: Template): string | undefined =>
  filled(template, 'body', () => valuesOf(telling))

const factLines = (alert: Alert) => factsOf(alert).map(([name, text]) => `${name}: ${text}`)

function valuesOf({ status, alert, rule, url }: Telling): TemplateValues {
  const { series, measure, quantile, value, before, change, labels } = alert
  const facts = new Map(factsOf(alert))
  return {
    ...{ status, rule: rule.name, series: series.name, kind: series.kind, measure: names[measure], url, labels },
    quantile: quantile === null ? '' : `p${number(quantile * 100)}`,
    value: value === null ? '' : amount(alert, value),
    before: before === null ? '' : amount(alert, before),
    change: change === null ? '' : `${change.ratio >= 1 ? '+' : ''}${Math.round((change.ratio - 1) * 100)} %`,
    since: utc(alert.startedAtUnixNano ?? alert.sinceUnixNano),
    ...{ sentence: sentenceOf(alert), facts: factLines(alert).join('\n'), cause: facts.get('Likely cause') ?? '' },
    ...{ symptoms: facts.get('Also slower') ?? '', events: facts.get('Shortly before') ?? '' },
    ...{ requests: String(alert.n), id: alert.id },
  }
}

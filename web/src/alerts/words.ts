/** Alerts and rules in words: what they are about, how much, and what it means that they are as they are. */
import type { AlertMeasure, AlertRule, AlertRuleBody } from '../../../server/api/contract-alert-rules.ts'
import type { Alert, AlertHistoryItem } from '../../../server/api/contract-alerts.ts'
import type { Fidelity } from '../../../server/api/contract.ts'
import { duration } from '../format/duration.ts'
import { signOf } from '../format/figure.ts'
import { percent } from '../format/number.ts'
import { clock, day, msOf, shortSpan, type Zone } from '../format/time.ts'

export const measures: Readonly<Record<AlertMeasure, string>> = {
  added: 'added time',
  overhead: 'in-process time',
  requestPath: 'request path',
  responsePath: 'response path',
  transit: 'transit',
  wire: 'wire and wake-up',
  endToEnd: 'end-to-end time',
  meshTaxShare: 'mesh tax',
  gatewayTaxShare: 'gateway tax',
}

export const isShare = (measure: AlertMeasure): boolean => measure.endsWith('Share')

/** What a measure is of. */
export const subjectOf = (measure: AlertMeasure): 'proxy' | 'hop' | 'trace' =>
  measure === 'transit' || measure === 'wire' ? 'hop' : measure === 'endToEnd' || isShare(measure) ? 'trace' : 'proxy'

/** `p95`, `p99.9`. */
export const quantileText = (q: number): string => `p${Number((q * 100).toFixed(2))}`

type Sized = Pick<Alert, 'kind' | 'measure'>

/** `22.1 ms`, `3.1 %`, of a budget `14.4 ×`. */
export function amount({ kind, measure }: Sized, value: number): string {
  if (kind === 'budget') return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ×`
  return isShare(measure) ? percent(value) : duration(value)
}

/** With the sign of its level: `≈ 22.1 ms`. */
export function signedAmount(alert: Sized, fidelity: Fidelity, value: number): string {
  const sign = alert.kind === 'budget' ? '' : signOf[fidelity]
  return `${sign}${sign && ' '}${amount(alert, value)}`
}

/** `+41 %`: a ratio of 1.41. */
export function changeText(ratio: number): string {
  const part = Math.round((ratio - 1) * 100)
  return `${part > 0 ? '+' : part < 0 ? '−' : ''}${Math.abs(part)} %`
}

/** `added time p99`. */
export const whatOf = ({ measure, quantile }: Pick<Alert, 'measure' | 'quantile'>): string =>
  quantile === null || isShare(measure) ? measures[measure] : `${measures[measure]} ${quantileText(quantile)}`

/** `14:12`, of another day with the day. */
export function when(unixNano: string, zone: Zone, nowMs = Date.now()): string {
  const ms = msOf(unixNano)
  return day(ms, zone) === day(nowMs, zone) ? clock(ms, zone) : `${day(ms, zone)} ${clock(ms, zone)}`
}

/** When it began: the change point where there is one. */
export const begunOf = ({ startedAtUnixNano, sinceUnixNano }: Alert): string => startedAtUnixNano ?? sinceUnixNano

/** `> 15 ms for 10 min`; `at least 10 % more than before`; `99 % within 20 ms over 30 d`. */
export function conditionOf(rule: AlertRuleBody): string {
  const lasting = rule.forMs > 0 ? ` for ${shortSpan(rule.forMs)}` : ''
  if (rule.kind === 'regression') return `at least ${Math.round(rule.relMin * 100)} % more than before${lasting}`
  if (rule.kind === 'budget')
    return `${percent(rule.objective.share)} within ${duration(rule.valueNs)} over ${shortSpan(rule.objective.windowMs)}`
  const value = isShare(rule.measure) ? rule.value : rule.valueNs
  const window = rule.windowMs === 60_000 ? '' : ` of ${shortSpan(rule.windowMs)}`
  return `${rule.op} ${value === undefined ? '?' : amount(rule, value)}${window}${lasting}`
}

/** `p99 of added time`: what of the rule is not its condition. */
export function subjectText(rule: AlertRuleBody, nameOf: (id: string) => string | undefined): string {
  const { proxy, hop, service, route, family, fidelity } = rule.filter
  const quantile = rule.kind === 'budget' || isShare(rule.measure) ? '' : `${quantileText(rule.quantile)} of `
  const about = [proxy ?? hop, route].flatMap((id) => (id === undefined ? [] : [nameOf(id) ?? id]))
  const words = [...about, service, family, fidelity && `${fidelity} values`].filter(Boolean)
  const all = { proxy: 'any proxy', hop: 'any hop', trace: 'any route' }[subjectOf(rule.measure)]
  return `${quantile}${measures[rule.measure]}, ${words.length > 0 ? words.join(', ') : all}`
}

export type Look = 'firing' | 'pending' | 'noData' | 'silenced' | 'quiet' | 'ok'
/** What the chip of an alert says. */
export function stateOf(alert: Alert): { look: Look; text: string; means: string } {
  const { state, dataOk, silencedUntilUnixNano } = alert
  if (state === 'resolved') return { look: 'ok', text: 'Resolved', means: 'It is over.' }
  if (state === 'stale')
    return {
      look: 'noData',
      text: 'Stale',
      means: 'Nothing was heard for six hours: whether it is over, nobody knows.',
    }
  if (!dataOk)
    return {
      look: 'noData',
      text: 'No data',
      means: `Too few requests to say anything: it is held as it was (${state}), and no time runs.`,
    }
  if (silencedUntilUnixNano !== null)
    return { look: 'silenced', text: 'Silenced', means: `It is ${state}; nobody is told.` }
  if (state === 'pending') return { look: 'pending', text: 'Pending', means: 'Its condition is met, not for long yet.' }
  if (state === 'keep')
    return {
      look: 'firing',
      text: 'Ending',
      means: 'Its condition is no longer met, not for long yet: it still fires.',
    }
  return { look: 'firing', text: 'Firing', means: 'Its condition is met for long enough.' }
}

export const quietWords: Readonly<Record<NonNullable<Alert['quiet']>, string>> = {
  listed: 'listed only: too small or too uncertain to call anybody',
  symptom: 'nobody is told: it is beneath another alert',
  mix: 'nobody is told: only more traffic of what always was slow',
  moved: 'nobody is told: the time moved here from elsewhere, requests take as long as before',
  explained: 'nobody is told: alerts of its parts explain it',
}

export const sources: Readonly<Record<AlertRule['source'], string>> = {
  'built-in': 'built-in',
  file: 'file',
  api: 'own',
}

export const happened: Readonly<Record<AlertHistoryItem['what'], string>> = {
  pending: 'Pending',
  firing: 'Firing',
  keep: 'Ending',
  resolved: 'Resolved',
  inactive: 'Gone before it fired',
  stale: 'Stale',
  acknowledged: 'Acknowledged',
  silenced: 'Silenced',
  unsilenced: 'Silence ended',
  comment: 'Comment',
  're-baselined': 'As it should be now',
  notified: 'Told',
  'notification-failed': 'Could not be told',
}

/** What is said when it fires: `envoy/cart: added time p50 ≈ 3.1 ms, since 14:12`. */
export function saidOf(
  alert: Sized & Pick<Alert, 'quantile'>,
  { name, fidelity }: { name: string; fidelity: Fidelity },
  value: number | null,
  since: string,
): string {
  const now = value === null ? '' : ` ${signedAmount(alert, fidelity, value)}`
  return `${name}: ${whatOf(alert)}${now}, since ${since}`
}

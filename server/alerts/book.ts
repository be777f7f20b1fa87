/** All alerts of all rules, and what an evaluation does to them. Pure: who stores them is no matter of this file. */
import { isShare, type AlertMeasure } from '../api/contract-alert-rules.ts'
import type { Alert, AlertSeries } from '../api/contract-alerts.ts'
import { patienceOf, type Rule } from './rule.ts'
import { inactive, step, type AlertPhase, type AlertState, type Finding } from './state.ts'

/** One alert: of one rule and one series, through all its lives. */
export interface AlertRecord {
  readonly id: string
  readonly ruleId: string
  ruleName: string
  kind: 'threshold' | 'regression' | 'budget'
  measure: AlertMeasure
  quantile: number | null
  labels: Record<string, string>
  series: AlertSeries
  state: AlertState
  /** Unix ms. When it fired, null while it has not. */
  firedMs: number | null
  /** Unix ms. The change point. */
  startedMs: number | null
  value: number | null
  before: number | null
  change: Alert['change']
  /** Of a regression: the window that it was found in, ms. Alerts of before there were several have none. */
  windowMs?: number | null
  n: number
  pages: boolean
  quiet: Alert['quiet']
  /** Id of the alert that it is beneath. */
  partOf: string | null
  cause: Alert['cause']
  symptoms: Alert['symptoms']
  events: Alert['events']
  exemplars: string[]
  exemplarsBefore: string[]
  /** Unix ms. When it fired as somebody was told, who is to be told of its end; else null. */
  told: number | null
  /** Bucket keys of what it was before. */
  baseline: readonly number[] | null
  /** Unix ms. Before that is no baseline: somebody said so. */
  floorMs: number | null
}

/** What was found of one series. */
export interface Evaluated {
  readonly series: AlertSeries
  readonly finding: Finding
  readonly value: number | null
  readonly n: number
  readonly pages: boolean
  /** ms for which every minute has shown it. */
  readonly steadyMs?: number
  /** Of a regression: the window that it was found in, ms. */
  readonly windowMs?: number
  readonly before?: number | null
  readonly baseline?: readonly number[]
}

export interface Change {
  readonly alertId: string
  readonly atMs: number
  readonly what: AlertPhase
  readonly value: number | null
  readonly text: string
}

export type Book = Map<string, AlertRecord>

export const isActive = ({ state: { phase } }: AlertRecord): boolean =>
  phase === 'pending' || phase === 'firing' || phase === 'keep' || phase === 'stale'
/** A kept alert fires: only a while ago. */
export const isFiring = ({ state: { phase, staleFrom } }: AlertRecord): boolean =>
  phase === 'firing' || phase === 'keep' || (phase === 'stale' && staleFrom !== 'pending')

export interface Applied {
  /** To be stored. */
  readonly touched: ReadonlySet<AlertRecord>
  readonly changes: readonly Change[]
}

/**
 * What an evaluation of a rule at `atMs` makes of its alerts: those of `evaluated`, and those that are active and of which nothing was
 * found, which have no data. @param idOf the id of the alert of a rule and series.
 */
export function applyRule(
  book: Book,
  own: readonly AlertRecord[],
  rule: Rule,
  evaluated: readonly Evaluated[],
  {
    atMs,
    intervalMs,
    idOf,
  }: { atMs: number; intervalMs: number; idOf: (ruleId: string, series: AlertSeries) => string },
): Applied {
  const touched = new Set<AlertRecord>()
  const changes: Change[] = []
  const patience = patienceOf(rule.body, intervalMs)
  const seen = new Set<AlertRecord>()
  const apply = (record: AlertRecord, finding: Finding, steadyMs = 0) => {
    const phase = record.state.phase
    const before = record.state
    record.state = step(before, atMs, finding, patience, steadyMs)
    if (record.state === before) return
    // What is over keeps when it was: it is told of as resolved until it begins anew.
    if (record.state.phase === 'inactive' && (phase === 'resolved' || phase === 'inactive'))
      record.state = { ...record.state, sinceMs: before.sinceMs }
    if (isActive(record) || record.state.phase !== phase) touched.add(record)
    if (record.state.phase === phase || (phase === 'resolved' && record.state.phase === 'inactive')) return
    changes.push({ alertId: record.id, atMs, what: record.state.phase, value: record.value, text: '' })
  }
  for (const one of evaluated) {
    const id = idOf(rule.id, one.series)
    let record = book.get(id)
    if (!record) {
      if (one.finding !== 'met') continue
      book.set(id, (record = newRecord(id, rule, one.series, atMs)))
    }
    seen.add(record)
    const wasActive = isActive(record)
    if (!wasActive && one.finding === 'met') begin(record, rule, one)
    if (one.finding !== 'unknown') {
      record.value = one.value
      record.n = one.n
      record.pages ||= one.pages
      if (record.pages && record.quiet === 'listed') record.quiet = null
      if (one.before !== undefined) record.before = one.before
      if (one.windowMs !== undefined) record.windowMs = one.windowMs
    }
    apply(record, one.finding, one.steadyMs)
    if (record.state.phase === 'firing' && record.firedMs === null) record.firedMs = atMs
  }
  for (const record of own) if (!seen.has(record) && isActive(record)) apply(record, 'unknown')
  return { touched, changes }
}

function newRecord(id: string, rule: Rule, series: AlertSeries, atMs: number): AlertRecord {
  return {
    ...{ id, ruleId: rule.id, ruleName: rule.body.name, kind: rule.body.kind, measure: rule.body.measure },
    ...{ quantile: null, labels: {}, series, state: inactive(atMs - 1), floorMs: null, told: null },
    ...fresh(),
  }
}

const fresh = () => ({
  ...{
    firedMs: null,
    startedMs: null,
    value: null,
    before: null,
    change: null,
    windowMs: null,
    n: 0,
    pages: false,
    quiet: null,
    partOf: null,
  },
  ...{ cause: null, symptoms: [], events: [], exemplars: [], exemplarsBefore: [], baseline: null },
})

/** A new life of it. */
function begin(record: AlertRecord, { body }: Rule, { series, baseline }: Evaluated): void {
  Object.assign(record, fresh(), {
    ...{ ruleName: body.name, kind: body.kind, measure: body.measure, labels: body.labels, series },
    quantile: 'quantile' in body && !isShare(body.measure) ? body.quantile : null,
    baseline: baseline ?? null,
  })
}

/** Ends alerts whose rule is gone, is off, or is about something else now. */
export function endOrphans(book: Book, isKept: (record: AlertRecord) => boolean, atMs: number): Applied {
  const touched = new Set<AlertRecord>()
  const changes: Change[] = []
  for (const record of book.values()) {
    if (!isActive(record) || isKept(record)) continue
    record.state = {
      ...inactive(atMs),
      sinceMs: record.state.sinceMs,
      phase: isFiring(record) ? 'resolved' : 'inactive',
    }
    touched.add(record)
    changes.push({
      alertId: record.id,
      atMs,
      what: record.state.phase,
      value: null,
      text: 'its rule is gone, off or about something else',
    })
  }
  return { touched, changes }
}

/** From here on it is as it should be: the alert ends, and what was before is no baseline any more. */
export function rebaseline(record: AlertRecord, atMs: number): Change {
  record.floorMs = record.startedMs ?? record.state.sinceMs
  record.state = { ...inactive(atMs), sinceMs: record.state.sinceMs, phase: isFiring(record) ? 'resolved' : 'inactive' }
  return { alertId: record.id, atMs, what: record.state.phase, value: record.value, text: 're-baselined' }
}

/** What is to be told now: alerts that fire and were not told, those that were told and are over with all beneath them. */
export function dueOf(
  book: Book,
  isSilenced: (record: AlertRecord) => boolean,
): { firing: AlertRecord[]; resolved: AlertRecord[] } {
  const activeLeads = new Set<string>()
  for (const record of book.values()) if (record.partOf !== null && isFiring(record)) activeLeads.add(record.partOf)
  const firing: AlertRecord[] = []
  const resolved: AlertRecord[] = []
  for (const record of book.values()) {
    const { phase } = record.state
    if (record.told !== null) {
      if ((phase === 'resolved' || phase === 'inactive') && !activeLeads.has(record.id)) resolved.push(record)
    } else if (phase === 'firing' && record.pages && record.quiet === null && !isSilenced(record)) firing.push(record)
  }
  return { firing, resolved }
}

import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { subjectOf } from '../../api/contract-alert-rules.ts'
import type { EventItem } from '../../api/contract-events.ts'
import { readDocuments, writeDocuments, type Written } from '../../queries/alerts/documents.ts'
import { readRules, type StoredRule } from '../../queries/alerts/rules.ts'
import { isAbout, readSubjects, type Subjects } from '../../queries/alerts/subjects.ts'
import { listEvents } from '../../queries/events.ts'
import type { QueryOf } from '../../queries/query-of.ts'
import {
  applyRule,
  dueOf,
  endOrphans,
  isActive,
  rebaseline,
  type AlertRecord,
  type Book,
  type Change,
} from '../book.ts'
import { builtInRules, type Rule } from '../rule.ts'
import { listSymptoms } from './enrich.ts'
import { explain } from './explain.ts'
import { evaluateRegression, isRegression, wantedBy } from './regressions.ts'
import {
  alertDocument,
  alertId,
  changeDocument,
  notificationDocuments,
  readSaid,
  type Note,
  type Progress,
} from './stored.ts'
import { evaluateThresholds } from './thresholds.ts'
import { mostLooks, turnOf } from './turns.ts'
import type { Watching } from './watching.ts'

/** Thresholds and budgets are evaluated more often than regressions: two series of ticks. */
export type TickKind = 'threshold' | 'regression'

export interface Tick {
  readonly kind: TickKind
  /** Unix ms. */
  readonly atMs: number
  readonly intervalMs: number
}

export interface EvaluateWith {
  readonly clickhouse: ClickHouse
  readonly book: Book
  readonly watching: Watching
  /** Who evaluates. */
  readonly holder: string
  /** How links begin, without a slash at the end. */
  readonly publicUrl: string
  readonly options: QueryOf
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/**
 * Evaluates all rules of a kind at an instant and stores what comes of it, in one INSERT and, under the tick's token, once. The book may be
 * ahead of what is stored when this throws.
 * @returns whether it was this holder whose evaluation was stored.
 */
export async function evaluateTick(tick: Tick, using: EvaluateWith): Promise<boolean> {
  const { clickhouse, book, holder, publicUrl } = using
  const { kind, atMs } = tick
  const started = performance.now()
  const [all, [last]] = await Promise.all([
    readRules(clickhouse, builtInRules),
    readDocuments<Progress>(clickhouse, { kinds: ['progress'], id: kind }),
  ])
  const own = all.filter(({ body }) => body.enabled && (body.kind === 'regression') === (kind === 'regression'))
  const around = await surroundings(own, tick, using)
  const turn = turnOf(own, last?.body.next ?? 0, looksOf(around.subjects), mostLooks[kind])
  const touched = new Set<AlertRecord>()
  const changes: Change[] = []

  for (const { alertId, change } of await rebaselined(using, kind)) {
    touched.add(book.get(alertId)!)
    changes.push(change)
  }
  const isKept = (record: AlertRecord) => keeps(all, record, around.subjects)
  const ended = endOrphans(book, isKept, atMs)
  const fired = await applyAll(turn.rules, own, tick, using, around)
  for (const applied of [ended, ...fired.applied]) {
    for (const record of applied.touched) touched.add(record)
    changes.push(...applied.changes)
  }
  for (const record of await explain(fired.records, tick, using, around)) touched.add(record)
  for (const record of listSymptoms(book)) touched.add(record)

  const said = await readSaid(clickhouse, atMs)
  const due = dueOf(book, (record) => said(record).silencedUntilMs !== null)
  const targetsOf = new Map(all.map(({ id, body }) => [id, body.targets]))
  const notifications: Written[] = []
  const tell = (record: AlertRecord, status: 'firing' | 'resolved') => {
    const url = `${publicUrl}/alerts/${record.id}`
    const targets = targetsOf.get(record.ruleId) ?? []
    notifications.push(...notificationDocuments(record, status, { targets, url, atMs, said: said(record) }))
    touched.add(record)
  }
  for (const record of due.firing) {
    record.told = record.firedMs
    tell(record, 'firing')
  }
  for (const record of due.resolved) {
    tell(record, 'resolved')
    record.told = null
  }
  const done: Progress = {
    ...{ holder, rules: own.length, leftOut: turn.leftOut, next: turn.next },
    evaluations: (last?.body.evaluations ?? 0) + 1,
    durationMs: Math.round(performance.now() - started),
  }
  const progress = { kind: 'progress', id: kind, revision: atMs, atMs, body: done } as const
  const documents = [
    ...[...touched].map((record) => alertDocument(record, atMs)),
    ...changes.map(changeDocument),
    ...notifications,
  ]
  await writeDocuments(clickhouse, [...documents, progress], `alerts-${kind}-${atMs}`)
  const [stored] = await readDocuments<{ holder: string }>(clickhouse, { kinds: ['progress'], id: kind })
  return stored?.revision === atMs && stored.body.holder === holder
}

/** About how many series a rule looks at. */
function looksOf({ proxies, hops, routes }: Subjects): (rule: Rule) => number {
  const sizes = { proxy: proxies.size, hop: hops.size, trace: routes.size }
  return (rule) => {
    const { proxy, hop } = rule.body.filter
    return proxy !== undefined || hop !== undefined ? 1 : Math.max(1, sizes[kindOf(rule)])
  }
}

export interface Around {
  readonly subjects: Subjects
  readonly events: readonly EventItem[]
}

async function surroundings(
  rules: readonly StoredRule[],
  { atMs }: Tick,
  { clickhouse, options }: EvaluateWith,
): Promise<Around> {
  const hasRoutes = rules.some(({ body }) => subjectOf[body.measure] === 'trace')
  const window = { fromMs: Math.max(0, atMs - 2 * hourMs), toMs: atMs }
  const [subjects, events] = await Promise.all([
    readSubjects(clickhouse, options, hasRoutes ? window : undefined),
    rules.length === 0 ? [] : listEvents(clickhouse, { fromMs: Math.max(0, atMs - 3 * hourMs), toMs: atMs }, options),
  ])
  return { subjects, events }
}

/** Alerts that somebody said are no longer to be held against what was before, and have not been yet. */
async function rebaselined({ clickhouse, book }: EvaluateWith, kind: TickKind) {
  if (kind !== 'regression') return []
  const notes = await readDocuments<Note>(clickhouse, { kinds: ['note'], states: ['re-baselined'], most: 1_000 })
  return notes.flatMap(({ about, atMs }) => {
    const record = book.get(about)
    if (!record || !isActive(record) || atMs < record.state.sinceMs) return []
    return [{ alertId: about, change: rebaseline(record, Math.max(atMs, record.state.atMs)) }]
  })
}

function keeps(rules: readonly StoredRule[], { ruleId, series, measure }: AlertRecord, subjects: Subjects): boolean {
  const rule = rules.find(({ id }) => id === ruleId)
  if (!rule?.body.enabled || rule.body.measure !== measure) return false
  const { service, route, family, ...ids } = rule.body.filter
  // Words that are not known at this moment are no reason to end an alert.
  const isKnown = series.kind !== 'trace' || subjects.routes.has(series.id)
  return isAbout(
    isKnown ? { ...ids, ...(service && { service }), ...(route && { route }), ...(family && { family }) } : ids,
    subjects,
    series.kind,
    series.id,
  )
}

/** @param all also those whose turn it is not: their alerts hold. */
async function applyAll(
  rules: readonly Rule[],
  all: readonly Rule[],
  tick: Tick,
  using: EvaluateWith,
  { subjects, events }: Around,
) {
  const { clickhouse, book, watching, options } = using
  const { atMs, intervalMs } = tick
  const end = Math.floor(atMs / minuteMs)
  if (tick.kind === 'regression') await watching.update(end * minuteMs, wantedBy(all.filter(isRegression)))
  const found =
    tick.kind === 'threshold' ? await evaluateThresholds(clickhouse, { rules, subjects, atMs }, options) : new Map()
  const records = new Set<AlertRecord>()
  const ofRule = new Map<string, AlertRecord[]>()
  for (const record of book.values()) {
    const others = ofRule.get(record.ruleId)
    if (others) others.push(record)
    else ofRule.set(record.ruleId, [record])
  }
  const mine = new Set(rules)
  const applied = all.map((rule) => {
    const recordOf = (id: string) => book.get(alertId(rule.id, { kind: kindOf(rule), id }))
    const evaluated = !mine.has(rule)
      ? []
      : isRegression(rule)
        ? evaluateRegression(rule, { watching, subjects, events, end, recordOf })
        : (found.get(rule.id) ?? [])
    const result = applyRule(book, ofRule.get(rule.id) ?? [], rule, evaluated, { atMs, intervalMs, idOf: alertId })
    for (const { alertId: id, what } of result.changes)
      if (what === 'pending' || what === 'firing') records.add(book.get(id)!)
    return result
  })
  return { applied, records }
}

const kindOf = ({ body }: Rule) => subjectOf[body.measure]

import { isActive, isFiring, type AlertRecord, type Book } from '../book.ts'
import { effectSince } from '../effect.ts'
import { requestsIn } from '../minutes.ts'
import { speaksFor } from '../place.ts'
import { sinceWhen } from '../since.ts'
import type { Watched } from '../windows.ts'
import { addEvidence, findCauses } from './enrich.ts'
import type { Around, EvaluateWith, Tick } from './evaluate.ts'
import type { Watching } from './watching.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Alerts of one rule that begin so close are told as one. */
const togetherMs = 10 * minuteMs

/** Says of alerts that just began since when, and of those that just fired why, with whom, and what it looks like. */
export async function explain(
  begun: ReadonlySet<AlertRecord>,
  { kind, atMs }: Tick,
  { clickhouse, book, watching }: EvaluateWith,
  { subjects, events }: Around,
): Promise<Set<AlertRecord>> {
  const touched = new Set<AlertRecord>()
  const fired = [...begun].filter((record) => record.firedMs === atMs)
  if (kind === 'regression') {
    const end = Math.floor(atMs / minuteMs)
    const clearer = [...begun, ...lately(book, begun, atMs)].flatMap((record) => {
      const watched = watchedOf(record, watching)
      return watched ? { record, watched } : []
    })
    for (const { record, watched } of clearer) {
      const windowMs = record.windowMs ?? 0
      const since = sinceWhen(watched.minutes, end, windowMs / minuteMs)
      // A change of long ago is not this one.
      if (since !== null && since * minuteMs >= record.state.sinceMs - 3 * hourMs - windowMs)
        record.startedMs = since * minuteMs
    }
    if (fired.length > 0) {
      const quiet = { proxy: quietOnes('added', watching, book, atMs), hop: quietOnes('transit', watching, book, atMs) }
      const around = { subjects, events, quiet }
      for (const record of await findCauses(clickhouse, book, fired, { atMs, around })) touched.add(record)
    }
    for (const { record, watched } of clearer)
      record.change = changeOf(record, watched, { end, among: speaksFor(book, record) })
  } else gather(book, fired)
  for (const record of fired) {
    await addEvidence(clickhouse, record, { atMs, around: { events, subjects } })
    touched.add(record)
  }
  return touched
}

/** Of what fires for less than an hour it becomes clearer since when and how much. */
const lately = (book: Book, begun: ReadonlySet<AlertRecord>, atMs: number): AlertRecord[] =>
  [...book.values()].filter(
    (record) =>
      record.kind === 'regression' &&
      record.state.phase === 'firing' &&
      record.state.dataOk &&
      atMs - record.firedMs! <= hourMs &&
      !begun.has(record),
  )

function watchedOf({ measure, series, quantile }: AlertRecord, watching: Watching): Watched | null {
  for (const one of watching.all(measure))
    if (one.id === series.id && one.fidelity === series.fidelity) return quantile === 0.95 ? one.p95 : one.p50
  return null
}

/** Of minutes' quantiles: those the shift is of. */
function changeOf(
  record: AlertRecord,
  watched: Watched,
  { end, among }: { end: number; among: number },
): AlertRecord['change'] {
  const { value, before, baseline, startedMs, state } = record
  if (value === null || before === null || before <= 0) return null
  const started = Math.floor((startedMs ?? state.sinceMs) / minuteMs)
  const effect = baseline && effectSince(watched, { end, started, before: baseline, among }, Math.random)
  return effect ?? { ratio: value / before, lo: null, hi: null }
}

function quietOnes(measure: 'added' | 'transit', watching: Watching, book: Book, atMs: number): string[] {
  const slower = new Set([...book.values()].filter(isActive).map(({ series }) => series.id))
  const end = Math.floor(atMs / minuteMs)
  return [...watching.all(measure)]
    .filter(({ id }) => !slower.has(id))
    .map(({ id, p50 }) => ({ id, n: requestsIn(p50.minutes, end - 60, end) }))
    .filter(({ n }) => n > 0)
    .sort((a, b) => b.n - a.n)
    .map(({ id }) => id)
}

/** Alerts of one rule that fire at about the same time are one: the one furthest off, the others beneath it. */
function gather(book: Book, fired: readonly AlertRecord[]): void {
  for (const ruleId of new Set(fired.map((record) => record.ruleId))) {
    const own = fired.filter((record) => record.ruleId === ruleId)
    const open = [...book.values()].find(
      (record) =>
        record.ruleId === ruleId &&
        record.told !== null &&
        isFiring(record) &&
        own[0]!.firedMs! - record.firedMs! <= togetherMs,
    )
    const lead = open ?? own.reduce((best, one) => ((one.value ?? 0) > (best.value ?? 0) ? one : best))
    for (const record of own) if (record !== lead) Object.assign(record, { partOf: lead.id, quiet: 'symptom' })
  }
}

/** Puts the alerts that began together where they belong (`grouping.ts` says where that is). */
import { subjectOf } from '../api/contract-alert-rules.ts'
import type { Measure } from '../api/contract.ts'
import { isFiring, type AlertRecord, type Book } from './book.ts'
import { group, type Known, type Slower, type Standing } from './grouping.ts'
import { metricOf } from './rule.ts'

/** What began, and was first noticed, so far apart has not one cause. */
const togetherMs = 20 * 60_000
/** Of what longer windows find it is not so clear since when. */
const mostUncertainMs = 2 * 3_600_000

/** What the change is, as a measure: there is an estimate of it and no bounds. */
export const effectOf = (ns: number): Measure => ({
  ns: Math.round(ns),
  loNs: null,
  hiNs: null,
  fidelity: 'modelled',
  reasons: [],
})

export const startOf = ({ startedMs, state }: AlertRecord): number => startedMs ?? state.sinceMs

/**
 * Regressions that began with those that just fired. Since when says little while there are only minutes of it: what is noticed at one time belongs together,
 * too, unless it is beneath another alert already. Of a group all come along, else those that are near would be told anew without the one that speaks for them.
 */
export function begunWith(book: Book, fired: readonly AlertRecord[]): AlertRecord[] {
  const isNear = (one: AlertRecord, other: AlertRecord) =>
    Math.abs(startOf(one) - startOf(other)) <= togetherMs ||
    (one.partOf === null && Math.abs(one.state.sinceMs - other.state.sinceMs) <= togetherMs)
  const isOpen = ({ state: { phase } }: AlertRecord) => phase === 'pending' || phase === 'firing'
  const all = [...book.values()].filter(({ kind }) => kind === 'regression')
  const near = new Set(all.filter((one) => isOpen(one) && fired.some((other) => isNear(one, other))))
  const leads = new Set([...near].map(({ id, partOf }) => partOf ?? id))
  return all.filter(
    (one) =>
      near.has(one) ||
      ((isOpen(one) || isFiring(one)) && (leads.has(one.id) || (one.partOf !== null && leads.has(one.partOf)))),
  )
}

/** Regressions that fire beside them, longer already: what begins now may be of their cause. */
export function standingBeside(book: Book, together: readonly AlertRecord[]): Standing[] {
  const own = new Set(together)
  return [...book.values()]
    .filter((record) => record.kind === 'regression' && isFiring(record) && !own.has(record))
    .map((record) => ({
      ...slowerOf(record),
      ...{ leadId: record.partOf ?? record.id, predicate: record.cause?.predicate ?? [] },
    }))
}

/** How many it speaks for, itself too. */
export const speaksFor = (book: Book, { id }: AlertRecord): number =>
  1 + [...book.values()].filter(({ partOf }) => partOf === id).length

export function slowerOf(record: AlertRecord): Slower {
  const { id: alertId, measure, quantile, value, before, n, pages, series } = record
  return {
    ...{ alertId, kind: subjectOf[measure], id: series.id, metric: metricOf(measure), quantile: quantile ?? 0.5 },
    addedNs: (value ?? 0) - (before ?? 0),
    ...{ n, pages, isTold: record.told !== null, isFiring: isFiring(record), startMs: startOf(record) },
    uncertainMs: Math.min(Math.max(togetherMs, record.windowMs ?? 0), mostUncertainMs),
  }
}

/** @returns those whose place was told. */
export function place(together: readonly AlertRecord[], known: Known): Set<AlertRecord> {
  const placed = group(together.map(slowerOf), known)
  const touched = new Set<AlertRecord>()
  for (const record of together) {
    const found = placed.get(record.id)
    if (!found) continue
    record.quiet = found.quiet ?? (record.pages ? null : 'listed')
    record.partOf = found.partOf
    record.cause = found.cause && {
      ...{ predicate: found.cause.predicate, explained: found.cause.explained },
      effect: effectOf(found.cause.effectNs),
    }
    touched.add(record)
  }
  return touched
}

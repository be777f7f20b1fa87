/** Puts the alerts that began together where they belong (`grouping.ts` says where that is). */
import { subjectOf } from '../api/contract-alert-rules.ts'
import type { Measure } from '../api/contract.ts'
import { isFiring, type AlertRecord, type Book } from './book.ts'
import { group, type Known, type Slower } from './grouping.ts'
import { metricOf } from './rule.ts'

/** What began, and was first noticed, so far apart has not one cause. */
const togetherMs = 20 * 60_000

/** What the change is, as a measure: there is an estimate of it and no bounds. */
export const effectOf = (ns: number): Measure => ({
  ns: Math.round(ns),
  loNs: null,
  hiNs: null,
  fidelity: 'modelled',
  reasons: [],
})

export const startOf = ({ startedMs, state }: AlertRecord): number => startedMs ?? state.sinceMs

/** Regressions that began with those that just fired. Since when says little while there are only minutes of it: what is noticed at one time belongs together, too, unless it is beneath another alert already. */
export function begunWith(book: Book, fired: readonly AlertRecord[]): AlertRecord[] {
  const isNear = (one: AlertRecord, other: AlertRecord) =>
    Math.abs(startOf(one) - startOf(other)) <= togetherMs ||
    (one.partOf === null && Math.abs(one.state.sinceMs - other.state.sinceMs) <= togetherMs)
  return [...book.values()].filter((one) => {
    const open = one.state.phase === 'pending' || one.state.phase === 'firing'
    return one.kind === 'regression' && open && fired.some((other) => isNear(one, other))
  })
}

/** How many it speaks for, itself too. */
export const speaksFor = (book: Book, { id }: AlertRecord): number =>
  1 + [...book.values()].filter(({ partOf }) => partOf === id).length

export function slowerOf(record: AlertRecord): Slower {
  const { id: alertId, measure, quantile, value, before, n, pages, series } = record
  return {
    ...{ alertId, kind: subjectOf[measure], id: series.id, metric: metricOf(measure), quantile: quantile ?? 0.5 },
    addedNs: (value ?? 0) - (before ?? 0),
    ...{ n, pages, isTold: record.told !== null, isFiring: isFiring(record) },
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

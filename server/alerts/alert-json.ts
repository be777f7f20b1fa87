import type { Alert, AlertPhase } from '../api/contract-alerts.ts'
import type { AlertRecord } from './book.ts'

const nano = (ms: number): string => `${Math.round(ms)}000000`

/** What people and their silences say about an alert. */
export interface Said {
  readonly silencedUntilMs: number | null
  /** Id of the silence of several that it is under. */
  readonly silencedBy: string | null
  readonly acknowledged: { by: string; atMs: number } | null
}

/** An alert as the API and notifications give it out, over for good when it is; null for one that never fired and is gone. */
export function alertOf(record: AlertRecord, said: Said): Alert | null {
  const { state, firedMs, startedMs } = record
  if (state.phase === 'inactive' && firedMs === null) return null
  const phase: AlertPhase = state.phase === 'inactive' ? 'resolved' : state.phase
  const { id, ruleId, ruleName, kind, measure, quantile, series, value, before, change, n, pages, quiet, partOf } =
    record
  return {
    ...{ id, ruleId, ruleName, kind, measure, quantile, series, state: phase },
    dataOk: state.dataOk,
    sinceUnixNano: nano(state.sinceMs),
    firedUnixNano: firedMs === null ? null : nano(firedMs),
    startedAtUnixNano: startedMs === null ? null : nano(startedMs),
    evaluatedUnixNano: nano(state.atMs),
    ...{ value, before, change, n, pages, quiet, partOf, windowMs: record.windowMs ?? null },
    ...{ cause: record.cause, symptoms: record.symptoms, events: record.events },
    ...{ exemplars: record.exemplars, exemplarsBefore: record.exemplarsBefore, labels: record.labels },
    fingerprint: fingerprintOf(series),
    silencedUntilUnixNano: said.silencedUntilMs === null ? null : nano(said.silencedUntilMs),
    silencedBy: said.silencedBy,
    acknowledged: said.acknowledged && { by: said.acknowledged.by, atUnixNano: nano(said.acknowledged.atMs) },
  }
}

/** Of what a rule's alerts are told apart by: not the level, which may change. */
export const fingerprintOf = ({ kind, id }: Pick<Alert['series'], 'kind' | 'id'>): string => `${kind}:${id}`

/** How far an installation has come: from nothing to a trace that can be opened. */
import type { Ingest, TraceSummary } from '../../../server/api/contract-catalogue.ts'
import { msOf } from '../format/time.ts'

export type Progress =
  | { readonly state: 'waiting' }
  /** Spans are there, no trace has settled. */
  | { readonly state: 'settling'; readonly inMs: number }
  | { readonly state: 'receiving'; readonly newest: TraceSummary | undefined }
  /** Nothing for a while. */
  | { readonly state: 'silent'; readonly lastMs: number; readonly newest: TraceSummary | undefined }

/** Exporters flush every 5 s at the latest, and settling is looked for about once a second. */
const silentAfterMs = 120_000

export function progressOf(
  ingest: Pick<Ingest, 'lastSpanUnixNano'>,
  newest: TraceSummary | undefined,
  settleQuietMs: number,
  nowMs: number,
): Progress {
  if (ingest.lastSpanUnixNano === null) return { state: 'waiting' }
  const lastMs = msOf(ingest.lastSpanUnixNano)
  const quietMs = nowMs - lastMs
  if (quietMs > Math.max(silentAfterMs, 4 * settleQuietMs)) return { state: 'silent', lastMs, newest }
  if (!newest) return { state: 'settling', inMs: Math.max(0, settleQuietMs - quietMs) }
  return { state: 'receiving', newest }
}

/** `checkout`, `checkout and cart`, `checkout, cart and 3 more`. */
export function namesInWords(names: readonly string[]): string {
  const [first = '', second, ...more] = [...new Set(names.filter(Boolean))]
  if (second === undefined) return first
  return more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`
}

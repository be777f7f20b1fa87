import { createHash } from 'node:crypto'
import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { Alert, AlertSeries, SilenceMatcher } from '../../api/contract-alerts.ts'
import { readDocuments, type Written } from '../../queries/alerts/documents.ts'
import { alertOf, fingerprintOf, type Said } from '../alert-json.ts'
import { isActive, type AlertRecord, type Book, type Change } from '../book.ts'
import { matches } from '../silence.ts'

/** What is stored of alerts, and how. */

const idOfWords = (words: string): string => createHash('sha256').update(words).digest('hex').slice(0, 16)

/** The id of the alert of a rule and a series, the same in every life of it. */
export const alertId = (ruleId: string, series: Pick<AlertSeries, 'kind' | 'id'>): string =>
  idOfWords(`${ruleId} ${fingerprintOf(series)}`)

export async function readBook(clickhouse: ClickHouse): Promise<Book> {
  const documents = await readDocuments<AlertRecord>(clickhouse, { kinds: ['alert'] })
  return new Map(documents.map(({ id, body }) => [id, body]))
}

/** About an alert, or about none and of all that match. */
export interface Silence {
  readonly untilMs: number
  readonly by: string
  readonly comment: string
  readonly matcher?: SilenceMatcher
}
export interface Note {
  readonly what: 'acknowledged' | 'comment' | 're-baselined'
  readonly by: string
  readonly text: string
}

/** What people said, by alert. */
export async function readSaid(clickhouse: ClickHouse, nowMs: number): Promise<(record: AlertRecord) => Said> {
  const [silences, notes] = await Promise.all([
    readDocuments<Silence>(clickhouse, { kinds: ['silence'] }),
    readDocuments<Note>(clickhouse, { kinds: ['note'], states: ['acknowledged'] }),
  ])
  const lasting = silences.filter(({ body }) => body.untilMs > nowMs)
  const silenced = new Map(lasting.map(({ about, body }) => [about, body.untilMs]))
  const standing = lasting.filter(({ body }) => body.matcher !== undefined)
  const acknowledged = new Map<string, { by: string; atMs: number }>()
  for (const { about, atMs, body } of notes)
    if (!acknowledged.has(about)) acknowledged.set(about, { by: body.by, atMs })
  return (record) => {
    const { id, state } = record
    const own = silenced.get(id)
    const other = own === undefined ? standing.find(({ body }) => matches(body.matcher!, record)) : undefined
    const by = acknowledged.get(id)
    return {
      silencedUntilMs: own ?? other?.body.untilMs ?? null,
      silencedBy: other?.id ?? null,
      // Of this life of it.
      acknowledged: by && by.atMs >= state.sinceMs ? by : null,
    }
  }
}

export const alertDocument = (record: AlertRecord, atMs: number): Written => ({
  ...{ kind: 'alert', about: record.ruleId, id: record.id, revision: atMs, atMs, state: record.state.phase },
  // What never fired leaves nothing, unless somebody set its baseline.
  deleted: record.state.phase === 'inactive' && record.firedMs === null && record.floorMs === null && !isActive(record),
  body: record,
})

export const changeDocument = ({ alertId, atMs, what, value, text }: Change): Written => ({
  ...{ kind: 'change', about: alertId, id: `${atMs}-${what}`, revision: atMs, atMs, state: what },
  body: { value, text },
})

/** One thing to tell one target, and how often it was tried. */
export interface Notification {
  readonly targetId: string
  readonly status: 'firing' | 'resolved'
  readonly alert: Alert
  readonly rule: { readonly id: string; readonly name: string }
  readonly url: string
  readonly attempts: number
  /** Unix ms. */
  readonly nextMs: number
  readonly error: string
}

/** The key says which life of which alert it is about: told again after a crash, it is the same. */
export function notificationDocuments(
  record: AlertRecord,
  status: 'firing' | 'resolved',
  { targets, url, atMs, said }: { targets: readonly string[]; url: string; atMs: number; said: Said },
): Written[] {
  // What is over is told as over, whatever has begun since.
  const phase = status === 'resolved' ? 'resolved' : record.state.phase
  const alert = alertOf({ ...record, state: { ...record.state, phase } }, said)!
  const rule = { id: record.ruleId, name: record.ruleName }
  return targets.map((targetId) => ({
    ...{
      kind: 'notification',
      about: record.id,
      id: `${record.id}-${record.told}-${status}-${targetId}`,
      revision: atMs,
      atMs,
    },
    state: 'waiting',
    body: { targetId, status, alert, rule, url, attempts: 0, nextMs: atMs, error: '' } satisfies Notification,
  }))
}

/** What is known of the last tick of a kind; its revision is the instant that it was of. Those of before may lack what came later. */
export interface Progress {
  readonly holder: string
  readonly rules: number
  /** Rules that there was no time for: their turn comes first next time. */
  readonly leftOut?: number
  readonly next?: number
  /** Since there are any. */
  readonly evaluations?: number
  /** Of the last one, without what it stores. */
  readonly durationMs?: number
}

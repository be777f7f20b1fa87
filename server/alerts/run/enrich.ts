import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { isShare, subjectOf } from '../../api/contract-alert-rules.ts'
import type { EventItem } from '../../api/contract-events.ts'
import { readCells } from '../../queries/alerts/cells.ts'
import { readClassChanges } from '../../queries/alerts/classes.ts'
import { readNearTraces } from '../../queries/alerts/exemplars.ts'
import type { Subjects } from '../../queries/alerts/subjects.ts'
import { isFiring, type AlertRecord, type Book } from '../book.ts'
import type { Known, Slower } from '../grouping.ts'
import { begunWith, effectOf, place, slowerOf, standingBeside, startOf } from '../place.ts'
import { metricOf } from '../rule.ts'
import { isOf } from './regressions.ts'

const minuteMs = 60_000
const beforeMs = 20 * minuteMs
const mostSinceMs = 30 * minuteMs
/** Others that are looked at beside the slower ones: what is the same everywhere explains nothing. */
const background = 30
/** Requests that causes are looked for in, about. */
const mostRequests = 400_000
/** An event so long before it began may be why. */
const likelyMs = 30 * minuteMs

export interface Surroundings {
  readonly subjects: Subjects
  readonly events: readonly EventItem[]
  /** Busy proxies and hops that are not slower. */
  readonly quiet: { readonly proxy: readonly string[]; readonly hop: readonly string[] }
}

/** Finds causes of regressions that fire, and puts those of one cause together. @param fired alerts that fire since this evaluation. */
export async function findCauses(
  clickhouse: ClickHouse,
  book: Book,
  fired: readonly AlertRecord[],
  { atMs, around }: { atMs: number; around: Surroundings },
): Promise<Set<AlertRecord>> {
  const together = begunWith(book, fired)
  const slower = together.map(slowerOf)
  const starts = together.map(startOf).sort((a, b) => a - b)
  const splitMs = Math.floor(starts[starts.length >> 1]! / minuteMs) * minuteMs
  const known = await knownOf(clickhouse, slower, { splitMs, atMs, around })
  return place(together, { ...known, standing: standingBeside(book, together) })
}

async function knownOf(
  clickhouse: ClickHouse,
  slower: readonly Slower[],
  { splitMs, atMs, around }: { splitMs: number; atMs: number; around: Surroundings },
): Promise<Omit<Known, 'standing'>> {
  const { subjects, quiet } = around
  const toMs = Math.min(atMs, splitMs + mostSinceMs)
  const window = { fromMs: splitMs - beforeMs, splitMs, toMs }
  const requests = slower.reduce((sum, { n }) => sum + n, 0) * ((toMs - window.fromMs) / (15 * minuteMs))
  const one = Math.max(1, Math.ceil(requests / mostRequests))
  const cells = async (kind: 'proxy' | 'hop') => {
    const own = slower.filter((of) => of.kind === kind)
    if (own.length === 0) return []
    const metric = own.every((of) => of.metric === 'overhead') ? 'overhead' : 'added'
    const ids = [...new Set([...own.map(({ id }) => id), ...quiet[kind].slice(0, background)])]
    return readCells(clickhouse, { kind, metric, ids, ...window, one })
  }
  const routes = [
    ...new Set([...slower.filter(({ kind }) => kind === 'trace').map(({ id }) => id), ...subjects.routes.keys()]),
  ]
  const [proxy, hop, classes] = await Promise.all([
    cells('proxy'),
    cells('hop'),
    readClassChanges(clickhouse, { ids: routes.slice(0, 200), ...window }),
  ])
  return {
    cells: { proxy, hop },
    classes,
    viaOf: (id) => subjects.hops.get(id)?.via ?? [],
    classesOf: (id) =>
      subjects.proxies.get(id)?.role === 'gateway'
        ? ['gateway.proc', 'gateway.out+wire']
        : ['proxy.in', 'proxy.out+wire', 'proxy.proc', 'loopback'],
  }
}

/** Traces that show it, and what happened shortly before it began. */
export async function addEvidence(
  clickhouse: ClickHouse,
  record: AlertRecord,
  { atMs, around: { events, subjects } }: { atMs: number; around: Pick<Surroundings, 'events' | 'subjects'> },
): Promise<void> {
  const { measure, series, value, before } = record
  const begun = startOf(record)
  record.events = events
    .map((event) => ({ event, ms: Number(BigInt(event.atUnixNano) / 1_000_000n) }))
    .filter(({ ms }) => ms >= begun - likelyMs && ms <= begun + 2 * minuteMs)
    .filter(({ event }) => isOf(event, series, subjects) || event.labels['service'] === undefined)
    .slice(-5)
    .map(({ event: { atUnixNano, kind, title, source } }) => ({ atUnixNano, kind, title, source }))
  if (record.kind !== 'budget' && (value === null || isShare(measure))) return
  const asked = { kind: subjectOf[measure], metric: metricOf(measure), id: series.id }
  const since = {
    ...asked,
    fromMs: Math.max(begun - minuteMs, atMs - mostSinceMs),
    toMs: atMs,
    nearNs: record.kind === 'budget' ? 2 ** 53 : value!,
  }
  record.exemplars = await readNearTraces(clickhouse, since)
  if (before === null) return
  const usual = { ...asked, fromMs: begun - beforeMs, toMs: begun - minuteMs, nearNs: before }
  record.exemplarsBefore = await readNearTraces(clickhouse, usual)
}

/** Beneath every alert those that are part of it. @returns alerts whose list is another now. */
export function listSymptoms(book: Book): Set<AlertRecord> {
  const beneath = new Map<string, AlertRecord['symptoms']>()
  for (const record of book.values()) {
    if (record.partOf === null || !isFiring(record)) continue
    const { id, series, value, before } = record
    const symptom = { id: series.id, alertId: id, name: series.name, effect: effectOf((value ?? 0) - (before ?? 0)) }
    beneath.set(record.partOf, [...(beneath.get(record.partOf) ?? []), symptom])
  }
  const touched = new Set<AlertRecord>()
  for (const record of book.values()) {
    const now = beneath.get(record.id) ?? []
    // What once was beneath it stays in what is told about it.
    if (now.length === 0 || JSON.stringify(now) === JSON.stringify(record.symptoms)) continue
    record.symptoms = now
    touched.add(record)
  }
  return touched
}

import { newMeter, type Meter } from '../telemetry/meter.ts'
import type { Admission, Overloaded } from './pipeline/admission.ts'
import type { Transport } from './pipeline/ledger.ts'
import type { SpoolState } from './spool/log.ts'

/** What became of a request; the words are those of the metric's label. */
export type Outcome = 'accepted' | 'unauthenticated' | 'malformed' | Overloaded['why'] | 'unavailable'

/** Look-ups of ids that the store may have already. */
export interface CacheCounts {
  hits: number
  misses: number
}

/** Counts of one collector (docs/operations.md has all of them), for Prometheus at `GET /metrics` on the OTLP/HTTP port. */
export interface Metrics {
  /** @param seconds from its first byte to its answer. */
  request(transport: Transport, outcome: Outcome, seconds?: number): void
  /** Bytes of a body, as they came and as they are when inflated. */
  body(transport: Transport, sent: number, inflated: number): void
  /** What became of the spans of one request. */
  spans(transport: Transport, stored: number, rejected: number): void
  /** What became of the data points of one export of metrics. */
  readings(stored: number, rejected: number): void
  /** One INSERT of spans with all that goes with it. */
  insert(rows: number, seconds: number, error: boolean): void
  /** So many spans of the spool were stored. */
  replayed(rows: number): void
  /** @param read what the dictionaries' caches have counted so far, by the name of the dictionary. */
  caches(read: () => Readonly<Record<string, CacheCounts>>): void
  /** @param read how the spool is. */
  spool(read: () => SpoolState): void
  /** In Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
}

const none = {}
const seconds = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30]
const amounts = [1, 10, 100, 1_000, 10_000, 50_000, 100_000, 300_000]

export function newMetrics(admission: Admission, meter: Meter = newMeter('hopscope_collector_')): Metrics {
  const named = <Label extends string = never>(name: string, unit: string, help: string, labels: Label[] = []) => ({
    name: `hopscope.collector.${name}`,
    ...{ unit, help, labels },
  })
  const requests = meter.counter(
    named('requests', '{request}', 'Export requests by what became of them.', ['transport', 'outcome']),
  )
  const duration = meter.histogram({
    ...named('request.duration', 's', 'Time from the first byte of an export to its acknowledgement.', ['transport']),
    buckets: seconds,
  })
  const perRequest = meter.histogram({
    ...named('request.spans', '{span}', 'Spans an export: the size of exporters’ batches.', ['transport']),
    buckets: amounts,
  })
  const bytes = meter.counter(named('received', 'By', 'Bytes of request bodies as they came.', ['transport']))
  const inflated = meter.counter(named('inflated', 'By', 'Bytes of request bodies without compression.', ['transport']))
  const spans = meter.counter(
    named('spans', '{span}', 'Spans, acknowledged as stored or rejected.', ['transport', 'outcome']),
  )
  const points = meter.counter(
    named('data_points', '{data_point}', 'Data points of metrics, stored as what proxies take, or rejected.', [
      'outcome',
    ]),
  )
  const failures = meter.counter(named('insert.failures', '{insert}', 'INSERTs of spans that ClickHouse did not take.'))
  const rows = meter.histogram({ ...named('insert.rows', '{row}', 'Spans an INSERT.'), buckets: amounts })
  const insertSeconds = meter.histogram({
    ...named('insert.duration', 's', 'Time of an INSERT of spans, dictionaries and its row in batches included.'),
    buckets: seconds,
  })
  let lastInsert = 0
  meter.gauge(
    named('last_insert.timestamp', 's', 'When spans were last stored, Unix time; 0 before the first.'),
    () => lastInsert,
  )
  meter.gauge(named('waiting', 'By', 'Bytes of requests that are being read or waiting to be stored.'), () =>
    admission.taken(),
  )
  meter.gauge(
    named('waiting.limit', 'By', 'How many such bytes there may be; requests are refused from half of it on.'),
    () => admission.maxBytes,
  )
  meter.gauge(named('clients', '{client}', 'Keys, else addresses, that have a request in now.'), () =>
    admission.clients(),
  )
  const replayed = meter.counter(named('spool.replayed', '{span}', 'Spans that were stored from the spool.'))
  return {
    request(transport, outcome, took) {
      requests(1, { transport, outcome })
      if (took !== undefined && outcome === 'accepted') duration(took, { transport })
    },
    body(transport, sent, whole) {
      bytes(sent, { transport })
      inflated(whole, { transport })
    },
    spans(transport, stored, rejected) {
      perRequest(stored + rejected, { transport })
      if (stored > 0) spans(stored, { transport, outcome: 'stored' })
      if (rejected > 0) spans(rejected, { transport, outcome: 'rejected' })
    },
    readings(stored, rejected) {
      if (stored > 0) points(stored, { outcome: 'stored' })
      if (rejected > 0) points(rejected, { outcome: 'rejected' })
    },
    insert(n, took, error) {
      insertSeconds(took, none)
      if (error) return failures(1, none)
      rows(n, none)
      lastInsert = Date.now() / 1000
    },
    replayed: (n) => replayed(n, none),
    spool(read) {
      const gauge = (name: string, unit: string, help: string, value: (state: SpoolState) => number) =>
        meter.gauge(named(`spool${name}`, unit, help), () => value(read()))
      gauge('', 'By', 'Bytes of all files of the spool.', ({ bytes }) => bytes)
      gauge('.limit', 'By', 'How many there may be.', ({ maxBytes }) => maxBytes)
      gauge('.batches', '{batch}', 'Batches in the spool that wait to be stored.', ({ records }) => records)
      gauge('.spans', '{span}', 'Spans in the spool that wait to be stored.', ({ spans }) => spans)
      gauge('.oldest', 's', 'Age of the oldest batch in the spool; 0: it is empty.', ({ oldestReceivedAt }) =>
        oldestReceivedAt === undefined ? 0 : Math.max(0, Date.now() / 1000 - oldestReceivedAt),
      )
      gauge(
        '.corrupt',
        '{batch}',
        'Damaged records that were set aside in the spool.',
        ({ setAside }) => setAside.corrupt,
      )
      gauge(
        '.refused',
        '{batch}',
        'Batches that ClickHouse refuses for good, set aside.',
        ({ setAside }) => setAside.refused,
      )
    },
    caches(read) {
      const lookups = named('dictionary.lookups', '{lookup}', 'Look-ups of what repeats; a miss is written.', [
        'dictionary',
        'result',
      ])
      meter.counted(lookups, () =>
        Object.entries(read()).flatMap(([dictionary, { hits, misses }]) => [
          [{ dictionary, result: 'hit' }, hits],
          [{ dictionary, result: 'miss' }, misses],
        ]),
      )
    },
    text: () => meter.text(),
    contentType: meter.contentType,
  }
}

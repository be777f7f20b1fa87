import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Admission } from './pipeline/admission.ts'
import type { Transport } from './pipeline/ledger.ts'

/** What became of a request; the words are those of the metric's label. */
export type Outcome = 'accepted' | 'unauthenticated' | 'malformed' | 'overloaded' | 'limited' | 'unavailable'

/** Counts of one collector for Prometheus (`GET /metrics` on the OTLP/HTTP port). */
export interface Metrics {
  request(transport: Transport, outcome: Outcome): void
  /** Bytes of a body, as they came and as they are when inflated. */
  body(transport: Transport, sent: number, inflated: number): void
  spans(transport: Transport, stored: number, rejected: number): void
  /** One INSERT of spans with all that goes with it. */
  insert(rows: number, seconds: number, error: boolean): void
  /** In Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
}

export function newMetrics(admission: Admission): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'hopscope_collector_' })
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name: `hopscope_collector_${name}`, help, labelNames, registers })
  const requests = counter('requests_total', 'Export requests by what became of them.', ['transport', 'outcome'])
  const bytes = counter('received_bytes_total', 'Bytes of request bodies as they came.', ['transport'])
  const inflated = counter('inflated_bytes_total', 'Bytes of request bodies without compression.', ['transport'])
  const spans = counter('spans_total', 'Spans, acknowledged as stored or rejected.', ['transport', 'outcome'])
  const failures = counter('insert_failures_total', 'INSERTs of spans that ClickHouse did not take.', [])
  const rows = new Histogram({
    name: 'hopscope_collector_insert_rows',
    help: 'Spans an INSERT.',
    buckets: [1, 10, 100, 1_000, 10_000, 50_000, 100_000, 300_000],
    registers,
  })
  const seconds = new Histogram({
    name: 'hopscope_collector_insert_seconds',
    help: 'Time of an INSERT of spans, dictionaries and its row in batches included.',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers,
  })
  const lastInsert = new Gauge({
    name: 'hopscope_collector_last_insert_timestamp_seconds',
    help: 'When spans were last stored, Unix time; 0 before the first.',
    registers,
  })
  new Gauge({
    name: 'hopscope_collector_waiting_bytes',
    help: 'Bytes of requests that are being read or waiting to be stored.',
    registers,
    collect() {
      this.set(admission.taken())
    },
  })
  return {
    request: (transport, outcome) => requests.inc({ transport, outcome }),
    body(transport, sent, whole) {
      bytes.inc({ transport }, sent)
      inflated.inc({ transport }, whole)
    },
    spans(transport, stored, rejected) {
      if (stored > 0) spans.inc({ transport, outcome: 'stored' }, stored)
      if (rejected > 0) spans.inc({ transport, outcome: 'rejected' }, rejected)
    },
    insert(n, took, error) {
      seconds.observe(took)
      if (error) return failures.inc()
      rows.observe(n)
      lastInsert.setToCurrentTime()
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

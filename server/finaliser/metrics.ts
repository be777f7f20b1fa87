import type { Meter } from '../../telemetry/meter.ts'
import type { JobResult } from './analyse-job.ts'

/** How far behind the finaliser is, now. */
export interface FinaliserState {
  /** Traces with spans that no facts cover yet. */
  readonly openTraces: number
  /** Settled, waiting to be analysed. */
  readonly queuedSpans: number
  /** Seconds since the oldest batch with spans that no facts cover was committed. */
  readonly backlogSeconds: number
}

/** What the finaliser tells operators (docs/operations.md). */
export interface FinaliserMetrics {
  watch(state: () => FinaliserState): void
  /** A job is written. @param again its traces were settled before and analysed again on request. */
  job(result: JobResult, again: boolean): void
  /** The finaliser failed and starts over from its watermark. */
  failed(): void
}

const none = {}

export function finaliserMetrics(meter: Meter): FinaliserMetrics {
  const named = <Label extends string = never>(name: string, unit: string, help: string, labels: Label[] = []) => ({
    name: `hopscope.finaliser.${name}`,
    ...{ unit, help, labels },
  })
  const traces = meter.counter(
    named('traces', '{trace}', 'Traces by what became of them; those that failed are among the others too.', [
      'outcome',
    ]),
  )
  const spans = meter.counter(named('spans', '{span}', 'Spans that were analysed.'))
  const duplicates = meter.counter(
    named('duplicate_spans', '{span}', 'Spans that came more than once and were counted once.'),
  )
  const jobs = meter.histogram({
    ...named('job.duration', 's', 'Time of a job’s stages, which overlap.', ['stage']),
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  })
  const failures = meter.counter(
    named('failures', '{failure}', 'Times that the finaliser failed and started over from its watermark.'),
  )
  let lastJob = 0
  meter.gauge(
    named('last_job.timestamp', 's', 'When facts were last written, Unix time; 0 before the first.'),
    () => lastJob,
  )
  return {
    watch(state) {
      meter.gauge(
        named('backlog', 's', 'Age of the oldest committed batch with spans that no facts cover.'),
        () => state().backlogSeconds,
      )
      meter.gauge(named('open_traces', '{trace}', 'Traces with spans that no facts cover.'), () => state().openTraces)
      meter.gauge(
        named('queued_spans', '{span}', 'Spans of settled traces that wait to be analysed.'),
        () => state().queuedSpans,
      )
    },
    job({ written, revised, failed, spans: read, duplicates: twice, stages }, again) {
      const renewed = again ? 'reanalysed' : 'revised'
      traces(written - revised.length, { outcome: 'settled' })
      traces(revised.length, { outcome: renewed })
      traces(failed.length, { outcome: 'failed' })
      spans(read, none)
      duplicates(twice, none)
      for (const [stage, ms] of Object.entries(stages)) jobs(ms / 1000, { stage })
      lastJob = Date.now() / 1000
    },
    failed: () => failures(1, none),
  }
}

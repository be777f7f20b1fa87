import { metrics as otel, type Attributes } from '@opentelemetry/api'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What is measured, in the words of OpenTelemetry: Prometheus' name follows from it (`prometheusName`). */
export interface Instrument<Label extends string = never> {
  /** `hopscope.collector.requests` */
  readonly name: string
  /** UCUM: `s`, `By`, or what is counted in braces, `{span}`. */
  readonly unit: string
  readonly help: string
  readonly labels?: readonly Label[]
}

type Labels<Label extends string> = Readonly<Record<Label, string | number>>

/** The metrics of one process: measured once, read by Prometheus and sent by the OpenTelemetry SDK where it is on. */
export interface Meter {
  counter<Label extends string = never>(instrument: Instrument<Label>): (n: number, labels: Labels<Label>) => void
  histogram<Label extends string = never>(
    instrument: Instrument<Label> & { buckets: readonly number[] },
  ): (value: number, labels: Labels<Label>) => void
  /** @param read asked whenever somebody looks; undefined: not known. */
  gauge(instrument: Instrument, read: () => number | undefined): void
  /** @param read what it stands at, by label; labels that are no longer there are gone. */
  gauges<Label extends string>(instrument: Instrument<Label>, read: () => [Labels<Label>, number][]): void
  /** A counter that is kept elsewhere. @param read what it stands at, by label. */
  counted<Label extends string>(instrument: Instrument<Label>, read: () => [Labels<Label>, number][]): void
  /** In Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
  /** Prometheus' names of all there are. */
  names(): string[]
}

const units: Record<string, string> = { s: '_seconds', By: '_bytes' }
const underscored = (name: string): string => name.replaceAll('.', '_')

/** As OpenTelemetry's specification maps names: dots, unit, `_total` of counters. */
export function prometheusName({ name, unit }: Instrument<string>, isCounter = false): string {
  const suffix = units[unit] ?? ''
  const base = underscored(name)
  return `${base}${base.endsWith(suffix) ? '' : suffix}${isCounter ? '_total' : ''}`
}

/**
 * Made after the SDK has started: a meter that is asked for before stays mute.
 * @param part prefix of Node's own metrics (CPU, memory, event loop), `hopscope_collector_`.
 */
export function newMeter(part: string): Meter {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: part })
  const meter = otel.getMeter('hopscope')
  const ofPrometheus = (labels: Attributes) =>
    Object.fromEntries(Object.entries(labels).map(([name, value]) => [underscored(name), value as string]))
  const settings = (instrument: Instrument<string>, isCounter = false) => ({
    name: prometheusName(instrument, isCounter),
    help: instrument.help,
    labelNames: (instrument.labels ?? []).map(underscored),
    registers,
  })
  const described = ({ unit, help }: Instrument<string>) => ({ unit, description: help })
  return {
    counter(instrument) {
      const counter = new Counter(settings(instrument, true))
      const sent = meter.createCounter(instrument.name, described(instrument))
      return (n, labels) => {
        counter.inc(ofPrometheus(labels), n)
        sent.add(n, labels)
      }
    },
    histogram(instrument) {
      const buckets = [...instrument.buckets]
      const histogram = new Histogram({ ...settings(instrument), buckets })
      const advice = { explicitBucketBoundaries: buckets }
      const sent = meter.createHistogram(instrument.name, { ...described(instrument), advice })
      return (value, labels) => {
        histogram.observe(ofPrometheus(labels), value)
        sent.record(value, labels)
      }
    },
    gauge(instrument, read) {
      new Gauge({
        ...settings(instrument),
        collect() {
          const value = read()
          if (value === undefined) this.reset()
          else this.set(value)
        },
      })
      meter.createObservableGauge(instrument.name, described(instrument)).addCallback((result) => {
        const value = read()
        if (value !== undefined) result.observe(value)
      })
    },
    gauges(instrument, read) {
      new Gauge({
        ...settings(instrument),
        collect() {
          this.reset()
          for (const [labels, value] of read()) this.set(ofPrometheus(labels), value)
        },
      })
      meter.createObservableGauge(instrument.name, described(instrument)).addCallback((result) => {
        for (const [labels, value] of read()) result.observe(value, labels)
      })
    },
    counted(instrument, read) {
      new Counter({
        ...settings(instrument, true),
        collect() {
          this.reset()
          for (const [labels, value] of read()) this.inc(ofPrometheus(labels), value)
        },
      })
      meter.createObservableCounter(instrument.name, described(instrument)).addCallback((result) => {
        for (const [labels, value] of read()) result.observe(value, labels)
      })
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    names: () => registry.getMetricsAsArray().map(({ name }) => name),
  }
}

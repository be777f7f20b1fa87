import { ContentHash } from '../../storage/hash.ts'
import { anyValueText, decodeKeyValue, joined } from '../../storage/otlp-decode.ts'
import { FieldCursor, viewOf, WireType } from '../../storage/protobuf.ts'
import { messageCount } from './check.ts'
import { namesOf, proxyProgram } from './proxy-programs.ts'

/** A row of `proxy_usage`: what a process or container of a proxy has taken. */
export interface Reading {
  readonly series: bigint
  readonly kind: number
  readonly source: number
  readonly program: string
  readonly names: readonly string[]
  readonly temporality: number
  /** Unix ns; 0: unknown. */
  readonly begun: bigint
  readonly time: bigint
  /** Seconds of CPU, or bytes of memory. */
  readonly value: number
}

/** What became of an export of metrics, in data points. */
export interface UsageResult {
  readonly readings: Reading[]
  rejected: number
  /** Why, with how many each. */
  readonly reasons: Map<string, number>
}

type Named = Readonly<Record<string, { kind: number; source: number; unit: string }>>
const cpu = { kind: 1, unit: 's' }
const memory = { kind: 2, unit: 'By' }
const [container, process, pod] = [1, 2, 3]
/** OpenTelemetry semantic conventions: process, container and Kubernetes metrics. */
const metrics: Named = {
  'process.cpu.time': { ...cpu, source: process },
  'container.cpu.time': { ...cpu, source: container },
  'k8s.pod.cpu.time': { ...cpu, source: pod },
  'process.memory.usage': { ...memory, source: process },
  'container.memory.usage': { ...memory, source: container },
  'k8s.pod.memory.usage': { ...memory, source: pod },
}

/** Attributes by which CPU time is told apart, and what of it is time that was worked: `wait` and `idle` are not. */
const modes = ['cpu.mode', 'state', 'process.cpu.state', 'container.cpu.state']
const isWork = (mode: string) => mode === '' || mode === 'user' || mode === 'system' || mode === 'kernel'

const notTaken = `only ${Object.keys(metrics).join(', ')} are taken`
const notProxy = 'not of a proxy that is known by its container or executable: set hopscope.proxy on the resource'
/** Clocks that are off by more than this, and days that are over. */
const [mostAheadMs, mostBehindMs] = [3_600_000, 7 * 86_400_000]

/**
 * Reads an ExportMetricsServiceRequest (opentelemetry/proto/metrics/v1) for CPU time and memory of proxies. All else is rejected.
 * @throws MalformedError when it is none, or has too many messages.
 */
export function scanUsage(bytes: Uint8Array, nowMs: number): UsageResult {
  messageCount.begin()
  const result: UsageResult = { readings: [], rejected: 0, reasons: new Map() }
  each(new FieldCursor(bytes), 1, (resourceMetrics) => scanResource(resourceMetrics, nowMs, result))
  return result
}

/** Calls `take` for each message in a field. */
function each(f: FieldCursor, field: number, take: (inner: FieldCursor) => void): void {
  while (f.next()) {
    if (f.field !== field) continue
    f.expect(WireType.bytes)
    messageCount.add()
    take(f.inner())
  }
}

/** Of the fields that are messages, their bytes; one that comes twice is merged. */
function partsOf(f: FieldCursor, wanted: readonly number[]): Map<number, Uint8Array[]> {
  const parts = new Map<number, Uint8Array[]>(wanted.map((field) => [field, []]))
  while (f.next()) {
    const part = parts.get(f.field)
    if (!part) continue
    f.expect(WireType.bytes)
    messageCount.add()
    part.push(f.content())
  }
  return parts
}

function attributesOf(f: FieldCursor, field: number): Map<string, string> {
  const attributes = new Map<string, string>()
  while (f.next()) {
    if (f.field !== field) continue
    f.expect(WireType.bytes)
    messageCount.add()
    const { key, value } = decodeKeyValue(f.bytes, f.from, f.to)
    attributes.set(key, anyValueText(value))
  }
  return attributes
}

function scanResource(f: FieldCursor, nowMs: number, result: UsageResult): void {
  const parts = partsOf(f, [1, 2])
  const attributes = attributesOf(new FieldCursor(joined(parts.get(1)!)), 1)
  const seed = hashOf([...attributes].sort(byKey).flat())
  for (const scope of parts.get(2)!)
    each(new FieldCursor(scope), 2, (metric) => scanMetric(metric, { attributes, seed }, nowMs, result))
}

const byKey = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : a > b ? 1 : 0)

interface Emitter {
  readonly attributes: ReadonlyMap<string, string>
  readonly seed: string
}

/** Gauge, Sum, Histogram, ExponentialHistogram, Summary: each has its data points in field 1. */
const [gauge, sum] = [5, 7]
const kindsOfData = [gauge, sum, 9, 10, 11]

function scanMetric(f: FieldCursor, { attributes, seed }: Emitter, nowMs: number, result: UsageResult): void {
  let name = ''
  let unit = ''
  let type = 0
  let data: FieldCursor | undefined
  while (f.next()) {
    if (f.field === 1) name = (f.expect(WireType.bytes), f.text())
    else if (f.field === 3) unit = (f.expect(WireType.bytes), f.text())
    else if (kindsOfData.includes(f.field)) {
      type = (f.expect(WireType.bytes), f.field)
      data = f.inner()
    }
  }
  if (!data) return
  const points: FieldCursor[] = []
  let temporality = 0
  let monotonic = false
  while (data.next()) {
    if (data.field === 1) {
      data.expect(WireType.bytes)
      messageCount.add()
      points.push(data.inner())
    } else if (type === sum && data.field === 2) temporality = (data.expect(WireType.varint), data.low)
    else if (type === sum && data.field === 3) monotonic = (data.expect(WireType.varint), data.low !== 0)
  }
  const refuse = (why: string) => reject(result, why, points.length)
  const known = Object.hasOwn(metrics, name) ? metrics[name]! : undefined
  if (!known) return refuse(notTaken)
  const program = proxyProgram(attributes, known.source === pod)
  if (program === undefined) return refuse(notProxy)
  if (unit !== '' && unit !== known.unit) return refuse(`${name} is not in ${known.unit}`)
  const isCpu = known.kind === cpu.kind
  if (isCpu && (type !== sum || !monotonic || temporality < 1 || temporality > 2))
    return refuse(`${name} is not a monotonic sum with a temporality`)
  if (!isCpu && type !== gauge && (type !== sum || temporality !== 2))
    return refuse(`${name} is neither a gauge nor a cumulative sum`)
  const names = namesOf(attributes)
  if (names.length === 0) return refuse('its resource names no pod, container, host or service.instance.id')
  const common = { kind: known.kind, source: known.source, program, names, temporality: isCpu ? temporality : 0 }
  for (const point of points) {
    const read = readPoint(point)
    const why = refusalOf(read, isCpu && temporality === 1, nowMs)
    if (why !== undefined) reject(result, why, 1)
    else if (!read.hasNone && (!isCpu || isWork(modeOf(read.attributes))))
      result.readings.push({
        ...common,
        series: BigInt(`0x${hashOf([seed, name, ...[...read.attributes].sort(byKey).flat()])}`),
        begun: isCpu ? read.begun : 0n,
        time: read.time,
        value: read.value,
      })
  }
}

function modeOf(attributes: ReadonlyMap<string, string>): string {
  for (const key of modes) if (attributes.has(key)) return attributes.get(key)!
  return ''
}

interface Point {
  begun: bigint
  time: bigint
  value: number
  /** It says that there is no value (flags, FLAG_NO_RECORDED_VALUE). */
  hasNone: boolean
  attributes: Map<string, string>
}

function readPoint(f: FieldCursor): Point {
  const point: Point = { begun: 0n, time: 0n, value: Number.NaN, hasNone: false, attributes: new Map() }
  while (f.next()) {
    if (f.field === 2) point.begun = (f.expect(WireType.fixed64), f.fixed64())
    else if (f.field === 3) point.time = (f.expect(WireType.fixed64), f.fixed64())
    else if (f.field === 4) point.value = (f.expect(WireType.fixed64), f.double())
    else if (f.field === 6) point.value = (f.expect(WireType.fixed64), Number(BigInt.asIntN(64, f.fixed64())))
    else if (f.field === 8) point.hasNone = (f.expect(WireType.varint), f.low & 1) === 1
    else if (f.field === 7) {
      f.expect(WireType.bytes)
      messageCount.add()
      const { key, value } = decodeKeyValue(f.bytes, f.from, f.to)
      point.attributes.set(key, anyValueText(value))
    }
  }
  return point
}

function refusalOf({ begun, time, value, hasNone }: Point, isDelta: boolean, nowMs: number): string | undefined {
  const atMs = Number(time / 1_000_000n)
  if (atMs > nowMs + mostAheadMs || atMs < nowMs - mostBehindMs)
    return 'its time is not within the last seven days or the next hour'
  if (hasNone) return undefined
  if (!Number.isFinite(value) || value < 0) return 'its value is not a number of 0 or more'
  if (begun > time) return 'its start is after its time'
  if (isDelta && begun === 0n) return 'a delta without a start'
  return undefined
}

function reject(result: UsageResult, why: string, points: number): void {
  if (points === 0) return
  result.rejected += points
  result.reasons.set(why, (result.reasons.get(why) ?? 0) + points)
}

/** 16 hex digits that stand for these words. */
function hashOf(words: readonly string[]): string {
  const hash = new ContentHash()
  hash.reset(0)
  for (const word of words) {
    const bytes = Buffer.from(word)
    hash.add(viewOf(bytes), 0, bytes.length)
  }
  hash.finish()
  return hash.high.toString(16).padStart(8, '0') + hash.low.toString(16).padStart(8, '0')
}

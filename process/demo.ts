import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { setTimeout as sleep } from 'node:timers/promises'
import { faulted, held, isOnNewPod, type Fault } from './demo-incident.ts'

/**
 * Replays recorded traffic of real proxies through the OTLP/HTTP port, shifted to now, for ever.
 *
 * The unit is one recorded trace: its spans keep their distances to the nanosecond, get fresh ids and a new start.
 * Traces go out at a steady rate, all recordings interleaved, after a backfill so that charts are not empty. From some time ago on
 * something is wrong, see demo-incident.ts.
 */
export interface ReplayOptions {
  /** OTLP/HTTP receiver, such as http://127.0.0.1:4318. */
  otlpHttpUrl: string
  /** Folder with one recording per sub-folder (spans.otlp.jsonl.gz). */
  recordings: string
  tracesPerSecond: number
  backfillSeconds: number
  /** Ago, when replay begins; 0: not at all. */
  incidentSeconds: number
  /** In place of the incident. */
  fault?: Fault | undefined
  /** Of these; demoRecordings when left out. */
  names?: readonly string[]
  /** Called when all of the past has been sent. */
  onBackfilled?: () => void
  signal: AbortSignal
  log: (line: string) => void
}

/** The recordings that tell one story together; the others repeat the same proxies with faults or lost exports. */
export const demoRecordings = [
  's1-sidecars',
  's2-gateway-mesh',
  's2-gateway-spawn',
  's4-errors-spawn',
  's6-krakend',
  's7-caddy',
  's8-gateway-vs-krakend',
]

/**
 * Pages of the demo's shop: applications of some recordings told no route, only the method, and a comparison of two gateways
 * is asked about a page.
 */
const pages: Readonly<Record<string, string>> = { 's8-gateway-vs-krakend': 'GET /cart' }
const serverKind = 2

interface Span {
  name?: string
  traceId: string
  spanId: string
  parentSpanId?: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  kind?: number
  attributes?: { key: string; value: { stringValue?: string } }[]
  events?: { timeUnixNano: string }[]
  links?: { traceId: string; spanId: string }[]
}
interface ScopeSpans {
  scope?: object
  schemaUrl?: string
  spans: Span[]
}
interface ResourceSpans {
  resource?: { attributes?: { key: string; value: { stringValue?: string } }[] }
  schemaUrl?: string
  scopeSpans: ScopeSpans[]
}
export interface Export {
  resourceSpans: ResourceSpans[]
}

/** A recorded trace: where each span hangs, and the span as recorded. */
interface RecordedSpan {
  resource: ResourceSpans
  scope: ScopeSpans
  span: Span
}
export interface RecordedTrace {
  start: bigint
  spans: RecordedSpan[]
}

const unzip = promisify(gunzip)
/** Traces in one request while backfilling: about 1 MB of JSON. */
const backfillBatch = 100

/** Reads the recordings and groups their spans by trace, the recordings interleaved. */
export async function loadTraces(folder: string, names: readonly string[]): Promise<RecordedTrace[]> {
  const known = new Set(await readdir(folder))
  const perRecording = await Promise.all(
    names
      .filter((name) => known.has(name))
      .map(async (name) => {
        const text = (await unzip(await readFile(join(folder, name, 'spans.otlp.jsonl.gz')))).toString()
        return groupByTrace(
          text
            .split('\n')
            .filter(Boolean)
            .map((line) => onPage(JSON.parse(line) as Export, pages[name])),
        )
      }),
  )
  const longest = Math.max(0, ...perRecording.map((traces) => traces.length))
  return Array.from({ length: longest }, (_, i) => perRecording.flatMap((traces) => traces[i] ?? [])).flat()
}

/** Names what an application answered after its page. Changes what is given. */
function onPage(exported: Export, page: string | undefined): Export {
  if (page)
    for (const { scopeSpans } of exported.resourceSpans)
      for (const span of scopeSpans.flatMap(({ spans }) => spans))
        if (span.kind === serverKind && span.name === 'GET') span.name = page
  return exported
}

export function groupByTrace(exports: readonly Export[]): RecordedTrace[] {
  const traces = new Map<string, RecordedTrace>()
  for (const { resourceSpans } of exports)
    for (const resource of resourceSpans)
      for (const scope of resource.scopeSpans)
        for (const span of scope.spans) {
          const start = BigInt(span.startTimeUnixNano)
          const trace = traces.get(span.traceId)
          if (!trace) traces.set(span.traceId, { start, spans: [{ resource, scope, span }] })
          else {
            trace.spans.push({ resource, scope, span })
            if (start < trace.start) trace.start = start
          }
        }
  return [...traces.values()]
}

/** One export request with `traces` moved to start at `starts` (Unix ns), under ids that no other round has. */
export function shiftTraces(traces: readonly RecordedTrace[], starts: readonly bigint[], round: number): Export {
  const resources = new Map<ResourceSpans, Map<ScopeSpans, Span[]>>()
  traces.forEach((trace, i) => {
    const shift = starts[i]! - trace.start
    for (const { resource, scope, span } of trace.spans) {
      const scopes = resources.get(resource) ?? new Map<ScopeSpans, Span[]>()
      const spans = scopes.get(scope) ?? []
      spans.push(shiftSpan(span, shift, round))
      scopes.set(scope, spans)
      resources.set(resource, scopes)
    }
  })
  return {
    resourceSpans: [...resources].map(([resource, scopes]) => ({
      ...resource,
      scopeSpans: [...scopes].map(([scope, spans]) => ({ ...scope, spans })),
    })),
  }
}

function shiftSpan(span: Span, shift: bigint, round: number): Span {
  const moved = (instant: string) => String(BigInt(instant) + shift)
  return {
    ...span,
    traceId: freshTraceId(span.traceId, round),
    startTimeUnixNano: moved(span.startTimeUnixNano),
    endTimeUnixNano: moved(span.endTimeUnixNano),
    ...(span.events && { events: span.events.map((e) => ({ ...e, timeUnixNano: moved(e.timeUnixNano) })) }),
    ...(span.links && { links: span.links.map((l) => ({ ...l, traceId: freshTraceId(l.traceId, round) })) }),
  }
}

/** Span ids are unique within their trace, so a new trace id is enough. */
function freshTraceId(traceId: string, round: number): string {
  const low = (parseInt(traceId.slice(0, 8), 16) ^ Math.imul(round, 0x9e3779b1)) >>> 0
  return low.toString(16).padStart(8, '0') + traceId.slice(8)
}

/** The nth of a replay that begins anew at the end. @param isWrong whether the incident has begun. */
export function pick(traces: readonly RecordedTrace[], nth: number, isWrong: boolean): RecordedTrace {
  const trace = traces[nth % traces.length]!
  return isWrong && isOnNewPod(nth) ? held(trace, nth) : trace
}

/** Backfills, then replays until `signal` aborts. Waits and tries again when the receiver says so. */
export async function replay(options: ReplayOptions): Promise<void> {
  const { tracesPerSecond, backfillSeconds, incidentSeconds, fault, signal, log, onBackfilled } = options
  const traces = await loadTraces(options.recordings, options.names ?? demoRecordings)
  if (traces.length === 0) throw new Error(`no recordings in ${options.recordings}`)
  const interval = BigInt(Math.round(1e9 / tracesPerSecond))
  // A round is one request; beginning at the clock keeps two runs of the demo apart.
  let round = Math.floor(Date.now() / 100)
  let sent = 0
  const incidentAt = BigInt(Date.now() - incidentSeconds * 1000) * 1_000_000n
  const next = (count: number, start: bigint) => {
    const starts = Array.from({ length: count }, (_, i) => start + BigInt(i) * interval)
    const picked = starts.map((at, i) =>
      fault
        ? faulted(pick(traces, sent + i, false), fault, Number(at / 1_000_000n))
        : pick(traces, sent + i, incidentSeconds > 0 && at >= incidentAt),
    )
    sent += count
    return shiftTraces(picked, starts, round++)
  }

  let start = BigInt(Date.now() - backfillSeconds * 1000) * 1_000_000n
  for (let left = backfillSeconds * tracesPerSecond; left > 0; left -= backfillBatch) {
    const count = Math.min(backfillBatch, left)
    await post(options, next(count, start))
    start += BigInt(count) * interval
    if (signal.aborted) return
  }
  onBackfilled?.()
  log(
    `demo: ${sent} recorded traces replayed over the last ${Math.round(backfillSeconds / 60)} minutes, ${tracesPerSecond} a second from now on`,
  )
  while (!signal.aborted) {
    await sleep(1000, undefined, { signal }).catch(() => undefined)
    const count = Number((BigInt(Date.now()) * 1_000_000n - start) / interval)
    if (count > 0 && !signal.aborted) {
      // After a sleep of the machine: do not catch up, go on from now.
      const batch = Math.min(count, backfillBatch)
      if (batch < count) start = BigInt(Date.now()) * 1_000_000n - BigInt(batch) * interval
      await post(options, next(batch, start))
      start += BigInt(batch) * interval
    }
  }
}

async function post({ otlpHttpUrl, signal, log }: ReplayOptions, body: Export): Promise<void> {
  for (let delay = 1; !signal.aborted; delay = Math.min(delay * 2, 30)) {
    try {
      const response = await fetch(`${otlpHttpUrl}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal,
      })
      if (response.ok) return
      if (response.status !== 429 && response.status < 500)
        throw new Error(`the receiver refused the replay: ${response.status} ${await response.text()}`)
      delay = Number(response.headers.get('retry-after') ?? delay)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof TypeError)) throw error
    }
    log(`demo: receiver not ready, trying again in ${delay} s`)
    await sleep(delay * 1000, undefined, { signal }).catch(() => undefined)
  }
}

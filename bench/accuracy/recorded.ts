import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Trace, TraceProxy } from '../../server/api/contract.ts'
import { connect } from '../../storage/clickhouse.ts'
import { groupBy } from '../../server/statistics/group-by.ts'
import { eventually } from '../../test/eventually.ts'
import type { RunningHopscope } from '../../test/harness.ts'
import { claimOf, clean, readTruth, toleranceNs, type Truth } from '../truth.ts'
import type { Judged } from './judged.ts'
import { post } from './otlp.ts'

const folder = new URL('../../test/fixtures/recordings/', import.meta.url).pathname.replace('/dist/', '/')
export const recordings = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

export interface RecordedResult {
  readonly traces: number
  /** Of clean traversals: warm, one attempt, answered 200. */
  readonly judged: readonly RecordedClaim[]
  /** Critical paths that do not sum to the duration, roles and families that are wrong, values called exact without proof. */
  readonly wrong: { readonly paths: string[]; readonly roles: string[]; readonly exact: string[] }
  /** Pages of the moved recording whose durations are not those of its original. */
  readonly skewed: { readonly traces: number; readonly different: number }
  /** Requests of the recordings with a delay, and those that blame who had it. */
  readonly blame: { readonly requests: number; readonly right: number }
}

export interface RecordedClaim extends Judged {
  readonly recording: string
  /** In-process time of the proxy's own access log, ns; null where it has none. */
  readonly logNs: number | null
}

/** Who was delayed, and how a page names it. */
const delayed: Record<string, { role: string; service: string }> = {
  's3-fault-proxy': { role: 'sidecar-inbound', service: 'orders' },
  's3-slow-app': { role: 'app', service: 'orders' },
}

/** Sends all recordings through a running hopscope and holds its trace pages against the packets. */
export async function recorded({ otlpHttpUrl, apiUrl, engineUrl }: RunningHopscope): Promise<RecordedResult> {
  const ids = new Map<string, Map<string, string>>()
  for (const name of recordings) ids.set(name, await send(name, otlpHttpUrl))
  const traces = [...ids.values()].reduce((sum, { size }) => sum + size, 0)
  await settled(engineUrl, traces)
  const judged: RecordedClaim[] = []
  const wrong = { paths: [] as string[], roles: [] as string[], exact: [] as string[] }
  const blame = { requests: 0, right: 0 }
  const durations = new Map<string, string[]>()
  for (const name of recordings) {
    const truths = groupBy(readTruth(folder, name), (truth) => truth.trace_id)
    for (const [traceId, recordedId] of ids.get(name)!) {
      const trace = await page(apiUrl, traceId)
      const where = `${name} ${recordedId}`
      if (trace.criticalPath.reduce((sum, { ns }) => sum + ns, 0) !== (trace.durationNs ?? 0)) wrong.paths.push(where)
      for (const proxy of trace.proxies) if (!isProvenExact(proxy, trace)) wrong.exact.push(where)
      durations.set(name, [...(durations.get(name) ?? []), durationsOf(trace)])
      const known = truths.get(recordedId) ?? []
      const guilty = delayed[name]
      if (guilty && known.some(({ warmup }) => !warmup)) {
        blame.requests++
        if (mostOfPath(trace) === `${guilty.role} ${guilty.service}`) blame.right++
      }
      for (const truth of known) {
        const claim = truth.traced ? claimOf(truth, trace.proxies) : undefined
        if (claim && (claim.family !== truth.kind || claim.role !== truth.role)) wrong.roles.push(where)
        if (clean(truth)) judged.push(...claims(name, truth, claim, trace))
      }
    }
  }
  const [moved, original] = ['s10-skew', 's2-gateway-mesh'].map((name) => [...durations.get(name)!].sort())
  const different = moved!.filter((one, i) => one !== original![i]).length
  return { traces, judged, wrong, skewed: { traces: moved!.length, different }, blame }
}

/** Some recordings are made of the traces of another: each gets ids of its own. @returns them with those recorded. */
async function send(name: string, otlpHttpUrl: string): Promise<Map<string, string>> {
  const prefix = createHash('sha256').update(name).digest('hex').slice(0, 8)
  const ids = new Map<string, string>()
  const lines = gunzipSync(readFileSync(join(folder, name, 'spans.otlp.jsonl.gz')))
    .toString()
    .split('\n')
  for (const line of lines.filter(Boolean)) {
    const body = line.replaceAll(/"traceId": ?"([0-9a-f]{32})"/g, (_, id: string) => {
      const renamed = prefix + id.slice(8)
      ids.set(renamed, id)
      return `"traceId":"${renamed}"`
    })
    await post(otlpHttpUrl, body)
  }
  return ids
}

async function settled(engineUrl: string, traces: number): Promise<void> {
  const clickhouse = connect(`${engineUrl}/hopscope`)
  try {
    await eventually(async () => {
      const [row] = await clickhouse.query<{ n: string }>('SELECT toString(sum(sign)) AS n FROM traces')
      return Number(row!.n) === traces
    }, 180_000)
  } finally {
    await clickhouse.close()
  }
}

async function page(apiUrl: string, traceId: string): Promise<Trace> {
  const response = await fetch(`${apiUrl}/api/v1/traces/${traceId}`)
  if (!response.ok) throw new Error(`${traceId}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Trace
}

/** Two clean truths of a traversal: packets for added time; for in-process time its access log, and packets as its limit. */
function claims(
  recording: string,
  truth: Truth & { own_us: number; envoy_log?: { req_first?: number; resp_last?: number } },
  claim: TraceProxy | undefined,
  trace: Trace,
): RecordedClaim[] {
  const ownNs = Math.round(truth.own_us * 1000)
  const { req_first, resp_last } = truth.envoy_log ?? {}
  const logNs = req_first === undefined || resp_last === undefined ? null : (req_first + resp_last) * 1000
  const common = {
    source: 'recorded',
    recording,
    family: truth.kind,
    sends: claim ? sendsOf(claim, trace) : 'spans lost or not sampled',
    before: claim ? emittersBehind(claim, trace) : '',
    toleranceNs,
    logNs,
  } as const
  const none = { ns: null, loNs: null, hiNs: null, fidelity: 'none' as const }
  return [
    // Spans and access log are written at different points of the way.
    {
      ...common,
      measure: 'overhead',
      toleranceNs: 2 * toleranceNs,
      truthNs: logNs,
      atMostNs: ownNs,
      ...(claim?.overhead ?? none),
    },
    { ...common, measure: 'added', truthNs: ownNs, ...(claim?.added ?? none) },
  ]
}

const spanOf = ({ spans }: Trace, id: string) => spans.find(({ spanId }) => spanId === id)

function sendsOf(claim: TraceProxy, trace: Trace): string {
  if (claim.spanIds.length > 1) return claim.family === 'krakend' ? 'server + backends' : 'server + upstream'
  const span = spanOf(trace, claim.spanId)
  if (span?.attributes['hopscope.req_us'] !== undefined) return 'one span + timing tags'
  return (span?.events.length ?? 0) >= 3 ? 'one span + events' : 'one span'
}

function emittersBehind({ spanIds }: TraceProxy, { spans }: Trace): string {
  const names: Record<string, string> = { nodejs: 'node', python: 'flask' }
  const behind = spans.filter(({ spanId, parentSpanId }) => spanIds.includes(parentSpanId) && !spanIds.includes(spanId))
  const emitters = behind.map(({ proxyFamily, resource }) => {
    const language = resource['telemetry.sdk.language'] ?? ''
    return proxyFamily || (names[language] ?? language)
  })
  return [...new Set(emitters)].sort().join(' + ')
}

/** Two spans, events or tags stand behind it, or the proxy answered by itself. */
function isProvenExact({ overhead, spanIds, spanId, localReply }: TraceProxy, trace: Trace): boolean {
  if (overhead.fidelity !== 'exact' || localReply || spanIds.length > 1) return true
  const span = spanOf(trace, spanId)
  return (
    (span?.events.length ?? 0) >= 3 || Object.keys(span?.attributes ?? {}).some((key) => key.startsWith('hopscope.'))
  )
}

/** All that is made of durations; estimates apart, for what was learned before they come to is not the trace's own. */
function durationsOf({ durationNs, hops, proxies }: Trace): string {
  return JSON.stringify([
    durationNs,
    hops.map(({ transit }) => transit),
    proxies.map(({ overhead, added }) => [overhead.loNs, overhead.hiNs, added.loNs, added.hiNs]),
  ])
}

/** Role and service that had the request for longest. */
function mostOfPath(trace: Trace): string {
  const ns = new Map<string, number>()
  for (const segment of trace.criticalPath) {
    const span = spanOf(trace, segment.spanId)!
    const proxy = trace.proxies.find(({ spanIds }) => spanIds.includes(segment.spanId))
    const who = proxy ? `${proxy.role} ${proxy.name}` : `${span.role} ${span.service}`
    ns.set(who, (ns.get(who) ?? 0) + segment.ns)
  }
  return [...ns].sort((a, b) => b[1] - a[1])[0]?.[0] ?? ''
}

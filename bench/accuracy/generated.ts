import type { Trace, TraceProxy } from '../../server/api/contract.ts'
import { connect, type ClickHouse } from '../../storage/clickhouse.ts'
import { groupBy } from '../../server/statistics/group-by.ts'
import { eventually } from '../../test/eventually.ts'
import type { RunningHopscope } from '../../test/harness.ts'
import type { Judged } from './judged.ts'
import { post } from './otlp.ts'
import { scenario, scenarioNames, type Scenario } from './scenarios.ts'
import { pathOf, type Made } from './simulate.ts'
import type { MadeSpan } from './spans.ts'

/** What is measured of one scenario beside its proxies. */
export interface ScenarioResult {
  readonly scenario: Scenario
  readonly judged: readonly Judged[]
  /** Interval or value of each way through a proxy, request and response. */
  readonly legs: readonly Judged[]
  readonly paths: { readonly compared: number; readonly wrong: number }
  /** |estimate - truth| of clock offsets, ns; for how long anything is said of a pair, ms, and how much of it holds the truth. */
  readonly clocks: { readonly errors: readonly number[]; readonly saidMs: number; readonly insideMs: number }
  /** Traces and traversals that are not there exactly once or as their pages tell them, and requests that the API counts beside the truth. */
  readonly miscounted: { readonly facts: number; readonly api: number }
  /** Traces whose weight is wrong, and the sum of all weights. */
  readonly weights: { readonly wrong: number; readonly sum: number }
}

const seed = 20_261_129
/** Both sides of a generated number are whole microseconds. */
const toleranceNs = 1000

/** Sends all scenarios through a running hopscope, rounds side by side, and reads its facts and the pages of the traces. */
export async function generated(hopscope: RunningHopscope): Promise<ScenarioResult[]> {
  const untilMs = Date.now() - 10_000
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
  try {
    const scenarios = scenarioNames.map((name) => scenario(name, seed, untilMs))
    const rounds = scenarios[0]!.rounds.length
    for (let round = 0; round < rounds; round++) {
      for (const { rounds } of scenarios) for (const body of rounds[round]!) await post(hopscope.otlpHttpUrl, body)
      await analysed(
        clickhouse,
        scenarios.reduce((sum, { rows }) => sum + rows[round]!, 0),
      )
    }
    const results: ScenarioResult[] = []
    for (const one of scenarios) results.push(await resultOf(one, clickhouse, hopscope.apiUrl, untilMs))
    return results
  } finally {
    await clickhouse.close()
  }
}

async function analysed(clickhouse: ClickHouse, rows: number): Promise<void> {
  await eventually(async () => {
    const [found] = await clickhouse.query<{ rows: string; rolled: number }>(
      `SELECT toString((SELECT sum(sign * toInt64(span_rows)) FROM traces)) AS rows,
         (SELECT uniqExactIf(job, state = 'rolled') = uniqExact(job) FROM jobs) AS rolled`,
    )
    return Number(found!.rows) === rows && found!.rolled === 1
  }, 180_000)
}

interface ProxyRow {
  traceId: string
  span: string
  weight: number
  n: string
  [column: string]: unknown
}

interface TraceRow {
  traceId: string
  weight: number
  n: string
}

const columnsOf = ['overhead', 'added', 'request_path', 'response_path'] as const
type Column = (typeof columnsOf)[number]
const measureOf = {
  overhead: 'overhead',
  added: 'added',
  request_path: 'requestPath',
  response_path: 'responsePath',
} as const satisfies Record<Column, keyof TraceProxy>

/** So many pages are asked for at a time. */
const pagesAtOnce = 8

/** What the page of each trace says, from its spans and what was learned by the job of its facts. */
async function pagesOf(traceIds: readonly string[], apiUrl: string): Promise<Map<string, Trace>> {
  const pages = new Map<string, Trace>()
  const left = [...traceIds]
  const ask = async () => {
    for (let traceId = left.pop(); traceId !== undefined; traceId = left.pop()) {
      const response = await fetch(`${apiUrl}/api/v1/traces/${traceId}`)
      if (!response.ok) throw new Error(`/traces/${traceId}: ${response.status} ${await response.text()}`)
      pages.set(traceId, (await response.json()) as Trace)
    }
  }
  await Promise.all(Array.from({ length: pagesAtOnce }, ask))
  return pages
}

/** Facts keep of a measure what is shown in lists: level, and the estimate or, of what is bounded, the upper end. */
const agree = (row: ProxyRow, proxy: TraceProxy | undefined): boolean =>
  columnsOf.every((column) => {
    const measure = proxy?.[measureOf[column]]
    return (
      measure?.fidelity === row[`${column}_fidelity`] &&
      (measure?.fidelity === 'bounded' ? measure.hiNs : measure?.ns) === number(row[column])
    )
  })

async function resultOf(
  one: Scenario,
  clickhouse: ClickHouse,
  apiUrl: string,
  untilMs: number,
): Promise<ScenarioResult> {
  const columns = columnsOf.flatMap((name) => [name, `${name}_fidelity`])
  const ofScenario = `trace_id IN (SELECT trace_id FROM spans WHERE service LIKE '${one.prefix}-%')`
  const proxies = await clickhouse.query<ProxyRow>(
    `SELECT lower(hex(trace_id)) AS traceId, lower(hex(span)) AS span, weight, ${columns.join(', ')},
       sum(sign) AS n FROM proxies WHERE ${ofScenario} GROUP BY ALL HAVING n != 0`,
  )
  const traces = await clickhouse.query<TraceRow>(
    `SELECT lower(hex(trace_id)) AS traceId, weight, sum(sign) AS n FROM traces WHERE ${ofScenario} GROUP BY ALL HAVING n != 0`,
  )
  const pages = await pagesOf([...new Set(traces.map(({ traceId }) => traceId))], apiUrl)
  const pageOf = (row: ProxyRow) => pages.get(row.traceId)?.proxies.find(({ spanId }) => spanId === row.span)
  const rowOf = new Map(
    proxies.flatMap((row) => {
      const proxy = pageOf(row)
      return proxy?.spanIds.map((id) => [`${row.traceId} ${id}`, proxy] as const) ?? []
    }),
  )
  const judged: Judged[] = []
  const legs: Judged[] = []
  for (const [traceId, { request, kept, whole }] of one.sent) {
    const children = groupBy(request.spans, ({ parent }) => parent)
    for (const made of request.proxies) {
      const row = made.spanIds.map((id) => rowOf.get(`${traceId} ${id}`)).find((found) => found !== undefined)
      // What was lost was never claimed to be seen.
      if (!row && !whole) continue
      const before = emittersBehind(made, children, kept)
      const say = (measure: Judged['measure'], column: Column, truthNs: number): Judged => {
        const { family, sends } = made.proxy
        const truth = { source: 'generated', truthNs, toleranceNs } as const
        return { ...truth, measure, family, sends, before, ...valueOf(column, row) }
      }
      judged.push(say('overhead', 'overhead', made.inProcessNs), say('added', 'added', made.ownNs))
      if (!row) continue
      legs.push(say('overhead', 'request_path', made.requestNs), say('overhead', 'response_path', made.responseNs))
    }
  }
  const once = [...proxies, ...traces].filter(({ n }) => Number(n) !== 1).length
  const otherwise = proxies.filter((row) => !agree(row, pageOf(row))).length
  const missing = Math.abs(traces.length - one.sent.size) + Math.abs(new Set(rowOf.values()).size - proxies.length)
  return {
    scenario: one,
    judged,
    legs,
    paths: comparePaths(one, pages),
    clocks: await compareClocks(one, clickhouse),
    miscounted: {
      facts: once + missing + otherwise,
      api: Math.abs((await requestsOf(one.prefix, apiUrl, untilMs)) - proxies.length),
    },
    weights: {
      wrong: [...traces, ...proxies].filter(({ weight }) => weight !== one.weight).length,
      sum: traces.reduce((sum, { weight }) => sum + weight, 0),
    },
  }
}

const number = (value: unknown) => (value === null || value === undefined ? null : Number(value))

/** Of the first spans below a proxy that were sent. */
function emittersBehind(made: Made, children: ReadonlyMap<string, MadeSpan[]>, kept: ReadonlySet<string>): string {
  const found = new Set<string>()
  const look = (id: string): void => {
    for (const child of children.get(id) ?? [])
      if (kept.has(child.id) && !made.spanIds.includes(child.id)) found.add(child.process.emitter)
      else look(child.id)
  }
  if (made.spanIds[0] !== undefined) look(made.spanIds[0])
  return [...found].sort().join(' + ')
}

function valueOf(column: Column, proxy: TraceProxy | undefined) {
  if (!proxy) return { fidelity: 'none', ns: null, loNs: null, hiNs: null } as const
  const { fidelity, ns, loNs, hiNs } = proxy[measureOf[column]]
  return { fidelity, ns, loNs, hiNs }
}

/** Of requests that came whole and whose emitters tell true times: who had the request for how long, to the nanosecond. */
function comparePaths({ sent }: Scenario, pages: ReadonlyMap<string, Trace>) {
  let compared = 0
  let wrong = 0
  for (const [traceId, { criticalPath }] of pages) {
    const { request, whole } = sent.get(traceId) ?? {}
    if (!request || !whole || request.spans.some(({ process }) => process.cuts)) continue
    const said = new Map<string, number>()
    for (const { spanId, ns } of criticalPath) said.set(spanId, (said.get(spanId) ?? 0) + ns)
    const truth = pathOf(request.root)
    compared++
    if (said.size !== truth.size || [...truth].some(([id, value]) => said.get(id) !== value)) wrong++
  }
  return { compared, wrong }
}

/** Of what analysis goes by in the end: the rows of the newest job of a shard take the place of all before, as in queries/clock-offsets.sql. */
async function compareClocks({ prefix, clocks, free }: Scenario, clickhouse: ClickHouse) {
  const rows = await clickhouse.query<
    Record<'from' | 'to' | 'fromMs' | 'toMs', string> & Record<'lo' | 'hi', string | null>
  >(
    `SELECT from_clock AS from, to_clock AS to, toString(toUnixTimestamp64Milli(from_time)) AS fromMs,
       toString(toUnixTimestamp64Milli(argMax(to_time, job))) AS toMs,
       argMax(tuple(lo), job).1 AS lo, argMax(tuple(hi), job).1 AS hi
     FROM clock_offsets
     WHERE from_clock LIKE '%${prefix}-%' AND (window, from_clock, to_clock, job) IN (
       SELECT window, from_clock, to_clock, max(job) FROM clock_offsets GROUP BY window, from_clock, to_clock, bitAnd(job, 15)
     )
     GROUP BY window, from_clock, to_clock, from_time`,
  )
  // Gateways name a pod, and nobody else in it names the node: theirs is a clock of its own, of that node.
  const nodes = [...clocks.keys()]
  const errors: number[] = []
  let saidMs = 0
  let insideMs = 0
  for (const { from, to, fromMs, toMs, lo, hi } of rows) {
    const [a, b] = [from, to].map((name) => nodes.find((node) => name.endsWith(node)))
    if (a === undefined || b === undefined || a === free || b === free) continue
    if (lo === null || hi === null) continue
    const at = (Number(fromMs) + Number(toMs)) / 2
    const ms = Number(toMs) - Number(fromMs)
    const truth = clocks.get(b)!(at) - clocks.get(a)!(at)
    errors.push(Math.abs((Number(lo) + Number(hi)) / 2 - truth))
    saidMs += ms
    if (Number(lo) <= truth && truth <= Number(hi)) insideMs += ms
  }
  return { errors, saidMs, insideMs }
}

/** Traversals of the scenario's proxies as the API counts them. */
async function requestsOf(prefix: string, apiUrl: string, untilMs: number): Promise<number> {
  const window = `from=${untilMs - 20 * 60_000}&to=${untilMs + 120_000}`
  const response = await fetch(`${apiUrl}/api/v1/proxies?${window}`)
  if (!response.ok) throw new Error(`/proxies: ${response.status} ${await response.text()}`)
  const { items } = (await response.json()) as { items: { name: string; requests: number }[] }
  return items.filter(({ name }) => name.startsWith(prefix)).reduce((sum, { requests }) => sum + requests, 0)
}

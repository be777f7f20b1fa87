/** What proxies take for the requests of two cohorts: who is on the way, what else went through them, and what they took meanwhile. */
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { CompareMeasure } from '../api/contract-compare.ts'
import type { Resources, ResourcesRequest, ResourceReason } from '../api/contract-resources.ts'
import { ratioOfUsage, usageOf, type Usage } from '../statistics/usage.ts'
import { CohortError, cohortConditions } from './cohort-filter.ts'
import { slotSecondsOf } from './compare.ts'
import { factsOf } from './explore/facts.ts'
import type { Dataset } from './explore/fields.ts'
import { FilterError, type Condition } from './explore/filter.ts'
import { inlined } from './inline-params.ts'
import { loadSql } from './load-sql.ts'
import { readProxyNames, type ProxyName } from './names.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { partsOf, type Handled, type ProxyUsage, type Through, type Used } from './resources-parts.ts'
import { alignWindow, unsignedOf, type Window } from './rollup-window.ts'

const throughSql = loadSql(import.meta.url, 'resources-through.sql')
const handledSql = loadSql(import.meta.url, 'resources-handled.sql')
const usedSql = loadSql(import.meta.url, 'resources-used.sql')

/** Traversals of a cohort's requests, by what its facts are of. */
const traversals: Readonly<Record<Dataset, string>> = {
  proxies: 'SELECT entity AS proxy, instance, sign, counts FROM facts',
  // A hop names its proxies, not which instance of them.
  hops: "SELECT arrayJoin(via) AS proxy, '' AS instance, sign, counts FROM facts",
  traces: `SELECT proxy_id AS proxy, instance, sign, if(bitAnd(flags, 131072) != 0, 1., weight) AS counts FROM proxies
  WHERE trace_id IN (SELECT trace_id FROM facts GROUP BY trace_id HAVING sum(sign) > 0)
    AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64} - 3600000, 'UTC'))
    AND start < fromUnixTimestamp64Milli({toMs:Int64} + 3600000, 'UTC')`,
}

interface Side {
  readonly requests: number
  readonly unweighted: number
  readonly window: Window
  readonly proxies: readonly ProxyUsage[]
  readonly sql: readonly string[]
}

/** @throws CohortError */
export async function readResources(
  clickhouse: ClickHouse,
  asked: ResourcesRequest,
  options: QueryOf,
): Promise<Resources> {
  const read = async (side: 'a' | 'b'): Promise<Side> => {
    const { filter, from: fromMs, to: toMs } = asked[side]
    const conditions = cohortConditions(filter, side)
    try {
      const question = { measure: asked.measure, conditions, window: { fromMs, toMs } }
      return await readSide(clickhouse, question, partOf(options, side))
    } catch (error) {
      throw error instanceof FilterError ? CohortError.of(side, conditions, error) : error
    }
  }
  const [a, b] = await Promise.all([read('a'), read('b')])
  const ids = [...a.proxies, ...b.proxies].map(({ id }) => id)
  const names = await readProxyNames(clickhouse, ids, partOf(options, 'names'))
  const [toldA, toldB] = [toldOf(a, names), toldOf(b, names)]
  const shared = isShared(a, b)
  return {
    a: toldA.side,
    b: toldB.side,
    cpu: ratioOf(toldA.cpu, toldB.cpu, shared),
    memory: ratioOf(toldA.memory, toldB.memory, shared),
    method,
    sql: [a, b].flatMap(({ sql }, i) => sql.map((one, j) => ({ what: `${questions[j]} of ${'AB'[i]}`, sql: one }))),
  }
}

const questions = ['proxies on the way', 'all requests through them', 'what they took']

async function readSide(
  clickhouse: ClickHouse,
  asked: { measure: CompareMeasure; conditions: readonly Condition[]; window: Window },
  options: QueryOf,
): Promise<Side> {
  const slotSeconds = slotSecondsOf(asked.window)
  const window = alignWindow(asked.window, 1000 * slotSeconds)
  const { dataset, cte, params } = factsOf({ ...asked, filter: '', window })
  const sql = `WITH ${cte}\n${throughSql.replace('{{traversals}}', traversals[dataset])}`
  type Row = Through & { all_: [number, number] }
  const through = await clickhouse.query<Row>(sql, params, partOf(options, 'through'))
  const ids = [...new Set(through.map(({ proxy }) => unsignedOf(proxy)))]
  const inWindow = { ...window, slotSeconds }
  const [handled, used] = await Promise.all([
    clickhouse.query<Handled>(handledSql, { ...inWindow, ids }, partOf(options, 'handled')),
    clickhouse.query<Used>(usedSql, inWindow, partOf(options, 'used')),
  ])
  const [requests = 0, unweighted = 0] = through[0]?.all_ ?? []
  return {
    ...{ requests, unweighted, window },
    proxies: partsOf({ through, handled, used, requests, slotSeconds }),
    sql: [inlined(sql, params), inlined(handledSql, { ...inWindow, ids }), inlined(usedSql, inWindow)],
  }
}

/** Of a proxy's traversals, those through instances with readings: fewer, and what it takes is not told. */
const leastKnown = 0.8

type Kind = 'cpu' | 'memory'

interface Told {
  readonly usage: Usage | null
  readonly reasons: readonly ResourceReason[]
  readonly atLeast: boolean
}

function toldOf(side: Side, names: ReadonlyMap<string, ProxyName>) {
  const [cpu, memory] = (['cpu', 'memory'] as const).map((kind) => kindOf(side, kind)) as [Told, Told]
  const proxies = side.proxies.map(({ id, passes, instances, known, parts, ofInstances }) => {
    const own =
      known.cpu >= leastKnown ? usageOf(parts.cpu.map((part) => ({ ...part, passes: part.passes / passes }))) : null
    return {
      ...{ id, name: names.get(id)?.name ?? id, role: names.get(id)?.role ?? null, passes, instances },
      known: Math.min(1, known.cpu),
      cpuSeconds: own && 1e6 * own.value,
      memoryBytes: ofInstances,
    }
  })
  return {
    ...{ cpu, memory },
    side: {
      requests: Math.round(side.requests),
      ...{ cpuSeconds: perMillion(cpu), memoryByteSeconds: perMillion(memory), proxies },
    },
  }
}

function kindOf({ requests, unweighted, proxies }: Side, kind: Kind): Told {
  const none = (reason: ResourceReason): Told => ({ usage: null, reasons: [reason], atLeast: false })
  if (proxies.length === 0) return none('no_requests')
  if (unweighted > 0 && requests > 0) return none('weight_unknown')
  const known = proxies.filter((proxy) => proxy.known[kind] >= leastKnown)
  const usage = usageOf(known.flatMap(({ parts }) => parts[kind]))
  if (usage === null) return none('not_sent')
  const atLeast = known.length < proxies.length
  const reasons: ResourceReason[] = [
    ...(atLeast ? (['part_not_sent'] as const) : []),
    ...(usage.interval ? [] : (['few_minutes'] as const)),
  ]
  return { usage, reasons, atLeast }
}

const perMillion = ({ usage, reasons, atLeast }: Told): Resources['a']['cpuSeconds'] => ({
  value: usage && 1e6 * usage.value,
  atLeast,
  lo: usage?.interval ? 1e6 * usage.interval.lo : null,
  hi: usage?.interval && !atLeast ? 1e6 * usage.interval.hi : null,
  slots: usage?.slots ?? 0,
  reasons: [...reasons],
})

/** The same proxies at the same time: what they take cannot be told apart by whom it was for. */
function isShared(a: Side, b: Side): boolean {
  const [inA, inB] = [a, b].map(({ proxies }) => new Set(proxies.flatMap(({ workers }) => workers))) as [
    Set<string>,
    Set<string>,
  ]
  const meanwhile = a.window.fromMs < b.window.toMs && b.window.fromMs < a.window.toMs
  return meanwhile && inA.size > 0 && inA.size === inB.size && [...inA].every((one) => inB.has(one))
}

function ratioOf(a: Told, b: Told, shared: boolean): Resources['cpu'] {
  const reasons = new Set([...a.reasons, ...b.reasons])
  if (shared) reasons.add('same_proxies')
  const isWhole = !a.atLeast && !b.atLeast && !shared && a.usage !== null && b.usage !== null
  const ratio = isWhole ? ratioOfUsage(a.usage, b.usage) : null
  if (ratio) return { ...ratio, distinguishable: ratio.lo > 1 || ratio.hi < 1, reasons: [] }
  const bare = isWhole && a.usage!.value > 0 ? b.usage!.value / a.usage!.value : null
  return { ratio: bare, lo: null, hi: null, distinguishable: false, reasons: [...reasons] }
}

const method =
  'What an instance of a proxy took (process.cpu.time, container.cpu.time, k8s.pod.cpu.time; …memory.usage) by all that went through it meanwhile, whoever asked for it: the cost of one pass. Times how often a request of the cohort goes through it, over all proxies on the way. Only stretches of time that readings cover count, on both sides of that fraction; of a container and its processes the container counts. Requests are those that spans stand for: where proxies sample and do not say how much, nothing is told. 95 % intervals leave out stretches of fifteen slots in turn (jackknife) and use Student’s t.'

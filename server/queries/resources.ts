/** What proxies take for the requests of two cohorts: who is on the way, what else went through them, and what they took meanwhile. */
import type { ClickHouse, Params } from '../../storage/clickhouse.ts'
import type { Resources, ResourcesRequest, ResourceReason } from '../api/contract-resources.ts'
import { ratioOfUsage, usageOf, type Usage } from '../statistics/usage.ts'
import { cohortOf, factsOfCohorts } from './cohort-facts.ts'
import { slotSecondsOf } from './compare.ts'
import type { Dataset } from './explore/fields.ts'
import { inlined } from './inline-params.ts'
import { loadSql } from './load-sql.ts'
import { readProxyNames, type ProxyName } from './names.ts'
import { partOf, type QueryOf } from './query-of.ts'
import { partsOf, type Handled, type ProxyUsage, type Through, type Used } from './resources-parts.ts'
import { alignWindow, unsignedOf, type Window } from './rollup-window.ts'

const throughSql = loadSql(import.meta.url, 'resources-through.sql')
const requestsSql = loadSql(import.meta.url, 'resources-requests.sql')
const instancesSql = loadSql(import.meta.url, 'resources-instances.sql')
const handledSql = loadSql(import.meta.url, 'resources-handled.sql')
const usedSql = loadSql(import.meta.url, 'resources-used.sql')
const anyUsedSql = loadSql(import.meta.url, 'resources-any-used.sql')

/** Traversals of requests, by what the facts are of. */
const traversals: Readonly<Record<Dataset, string>> = {
  proxies: 'SELECT entity AS proxy, instance, sign, counts, inA, inB FROM facts',
  // A hop names its proxies, not which instance of them.
  hops: "SELECT arrayJoin(via) AS proxy, '' AS instance, sign, counts, inA, inB FROM facts",
  traces: `SELECT proxy_id AS proxy, instance, sign, if(bitAnd(flags, 131072) != 0, 1., weight) AS counts, inA, inB
  FROM proxies
  INNER JOIN (
    SELECT trace_id, max(inA) AS inA, max(inB) AS inB FROM facts GROUP BY trace_id HAVING sum(sign) > 0
  ) AS requests USING trace_id
  WHERE toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64} - 3600000, 'UTC'))
    AND start < fromUnixTimestamp64Milli({toMs:Int64} + 3600000, 'UTC')`,
}

interface Side {
  readonly requests: number
  readonly unweighted: number
  readonly window: Window
  readonly proxies: readonly ProxyUsage[]
  readonly sql: readonly { readonly what: string; readonly sql: string }[]
}

/** @throws CohortError */
export async function readResources(
  clickhouse: ClickHouse,
  asked: ResourcesRequest,
  options: QueryOf,
): Promise<Resources> {
  const [a, b] = await readSides(clickhouse, asked, options)
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
    sql: [a, b].flatMap(({ sql }, i) => sql.map((one) => ({ ...one, what: `${one.what} of ${'AB'[i]}` }))),
  }
}

/** Whether readings of any process or container have come of the time of two cohorts: without, nothing is known of what proxies take. */
export async function hasReadings(
  clickhouse: ClickHouse,
  windows: readonly Window[],
  options: QueryOf,
): Promise<boolean> {
  const [fromMs, toMs] = [windows.map(({ fromMs }) => fromMs), windows.map(({ toMs }) => toMs)]
  const found = await clickhouse.query(anyUsedSql, { fromMs: Math.min(...fromMs), toMs: Math.max(...toMs) }, options)
  return found.length > 0
}

type ThroughRow = Pick<Through, 'proxy' | 'instance'> & { nOfA: number; nOfB: number }

interface RequestsRow {
  ofA: number
  ofB: number
  unweightedOfA: number
  unweightedOfB: number
}

async function readSides(clickhouse: ClickHouse, asked: ResourcesRequest, options: QueryOf): Promise<[Side, Side]> {
  const aligned = (side: 'a' | 'b') => {
    const { conditions, window } = cohortOf(asked[side], side)
    const slotSeconds = slotSecondsOf(window)
    return { conditions, window: alignWindow(window, 1000 * slotSeconds), slotSeconds }
  }
  const sides = { a: aligned('a'), b: aligned('b') }
  const { dataset, cte, params } = factsOfCohorts(asked.measure, sides)
  const sql = `WITH ${cte}\n${throughSql.replace('{{traversals}}', traversals[dataset])}`
  const countSql = `WITH ${cte}\n${requestsSql}`
  const usedIn = (side: 'a' | 'b') =>
    clickhouse.query<Used>(usedSql, inWindow(sides[side]), partOf(options, `used-${side}`))
  const [rows, [requests], usedOfA, usedOfB] = await Promise.all([
    clickhouse.query<ThroughRow>(sql, params, partOf(options, 'through')),
    clickhouse.query<RequestsRow>(countSql, params, partOf(options, 'requests')),
    usedIn('a'),
    usedIn('b'),
  ])
  /** Both sides may ask the same. */
  const handledOf = new Map<string, Promise<Handled[]>>()
  const handledBy = (sql: string, params: Params, part: string): Promise<Handled[]> => {
    const question = inlined(sql, params)
    const answer = handledOf.get(question) ?? clickhouse.query<Handled>(sql, params, partOf(options, part))
    handledOf.set(question, answer)
    return answer
  }
  const side = async (name: 'a' | 'b', of: 'A' | 'B', used: readonly Used[]): Promise<Side> => {
    const { window, slotSeconds } = sides[name]
    const through = rows
      .map(({ proxy, instance, ...row }): Through => ({ proxy, instance, n: row[`nOf${of}`] }))
      .filter(({ n }) => n > 0)
    const ids = [...new Set(through.map(({ proxy }) => unsignedOf(proxy)))].sort()
    const when = inWindow(sides[name])
    // Without readings it does not matter when requests went through an instance, and through which is known, but of hops.
    const asks =
      used.length > 0
        ? { sql: handledSql, params: { ...when, ids } }
        : through.some(({ instance }) => instance === '')
          ? { sql: instancesSql, params: { ...window, ids } }
          : null
    const handled = asks ? await handledBy(asks.sql, asks.params, `handled-${name}`) : []
    return {
      ...{ requests: requests![`of${of}`], unweighted: requests![`unweightedOf${of}`], window },
      proxies: partsOf({ through, handled, used, requests: requests![`of${of}`], slotSeconds }),
      sql: [
        { what: 'proxies on the way', sql: inlined(sql, params) },
        { what: 'requests', sql: inlined(countSql, params) },
        ...(asks ? [{ what: 'all requests through them', sql: inlined(asks.sql, asks.params) }] : []),
        { what: 'what they took', sql: inlined(usedSql, when) },
      ],
    }
  }
  return Promise.all([side('a', 'A', usedOfA), side('b', 'B', usedOfB)])
}

const inWindow = ({ window, slotSeconds }: { window: Window; slotSeconds: number }) => ({ ...window, slotSeconds })

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

import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { AnalysisSettings } from '../../analysis/types.ts'
import type { Cohort } from '../../api/contract-compare.ts'
import type { WhatIf, WhatIfRequest } from '../../api/contract-what-if.ts'
import { hash64 } from '../../analysis/hash.ts'
import { merge, total } from '../../statistics/histogram.ts'
import { blocksWithRuns, drawRuns, type Runs } from '../../statistics/runs.ts'
import { cohortConditions, CohortError, namesIn } from '../cohort-filter.ts'
import { readSide } from '../compare.ts'
import { nameOf } from '../comparison-words.ts'
import { commonLevel } from '../comparison.ts'
import { factsOf, type Facts } from '../explore/facts.ts'
import { FilterError, type Condition } from '../explore/filter.ts'
import { inlined } from '../inline-params.ts'
import { readLearnedFor } from '../learned.ts'
import { loadSql } from '../load-sql.ts'
import { readHopNames, readProxyNames } from '../names.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import { unixNano, type Window } from '../rollup-window.ts'
import type { Replacement } from './changes.ts'
import { mostSpansOfTrace, type DrawnTrace, type Part } from './part.ts'
import { simulate } from './simulate.ts'
import { assumptionsOf, changeInWords, whatIfSentence } from './words.ts'

const countSql = loadSql(import.meta.url, 'count.sql')
const sampleSql = loadSql(import.meta.url, 'sample.sql')
const currentSql = loadSql(import.meta.url, '../explore/current.sql')

export const mostTraces = 50_000
/** Read about as many at most, and never more than a fifth more. */
const mostSpans = 1_500_000
/** So many runs of neighbours the requests are drawn in: each makes ClickHouse read a granule or two. */
const mostRuns = 250

const windowOf = ({ from, to }: Cohort): Window => ({ fromMs: from, toMs: to })

interface Asked {
  readonly requests: Facts
  readonly cohort: readonly Condition[]
  readonly by: readonly Condition[]
}

/** What is asked, with nothing read. @throws CohortError */
export function readQuestion({ cohort, change }: WhatIfRequest): Asked {
  const conditions = cohortConditions(cohort.filter, 'cohort')
  const by = change.kind === 'replace' ? cohortConditions(change.by.filter, 'change.by') : []
  const facts = (name: string, of: Cohort, all: readonly Condition[], measure: 'endToEnd' | 'overhead') => {
    try {
      return factsOf({ measure, window: windowOf(of), filter: '', conditions: all })
    } catch (error) {
      throw error instanceof FilterError ? CohortError.of(name, all, error) : error
    }
  }
  if (change.kind === 'replace') facts('change.by', change.by, by, 'overhead')
  return { requests: facts('cohort', cohort, conditions, 'endToEnd'), cohort: conditions, by }
}

/** Requests of the cohort that began in one minute (Unix s). */
interface Minute {
  readonly minute: number
  /** With a root, and without. */
  readonly requests: number
  readonly rootless: number
  /** Of those with a root that are not too large. */
  readonly spans: number
}

type Row = DrawnTrace & { unweighted: number }

/**
 * Reads requests as their spans are stored and re-times each.
 * @param parts who do so, side by side. @param options `most`: requests that are re-timed, default `mostTraces`.
 * @throws CohortError
 */
export async function readWhatIf(
  clickhouse: ClickHouse,
  parts: readonly Part[],
  asked: WhatIfRequest,
  settings: Pick<AnalysisSettings, 'networkRttNs' | 'rules'>,
  options: QueryOf & { readonly most?: number },
): Promise<WhatIf> {
  const { requests, cohort, by } = readQuestion(asked)
  const { change } = asked
  const window = windowOf(asked.cohort)
  const count = {
    sql: `WITH ${requests.cte}\n${countSql}`,
    params: { ...requests.params, mostSpans: mostSpansOfTrace },
  }
  const ask = <T>(part: string, { sql, params }: { sql: string; params: object }) =>
    clickhouse.query<T>(sql, { ...params }, partOf(options, part))
  const when = { job: null, startMs: window.fromMs, endMs: window.toMs }
  const [minutes, learned, replacement, words] = await Promise.all([
    ask<Minute>('count', count),
    readLearnedFor(clickhouse, when, { signal: options.signal }),
    change.kind === 'replace' ? replacementOf(clickhouse, change.by, by, partOf(options, 'by')) : null,
    wordsFor(clickhouse, asked, [...cohort, ...by], options),
  ])
  const sum = (of: (one: Minute) => number) => minutes.reduce((n, one) => n + of(one), 0)
  const [rooted, rootless] = [sum(({ requests }) => requests), sum((one) => one.rootless)]
  const all = rooted + rootless
  const { runs, params } = drawnOf(
    minutes,
    rooted,
    Math.min(
      options.most ?? mostTraces,
      readableOf(
        rooted,
        sum(({ spans }) => spans),
      ),
    ),
  )
  const drawn = {
    sql: `WITH ${requests.cte},\n${currentSql}${sampleSql}`,
    params: { ...requests.params, ...params },
  }
  const rows = rooted > 0 ? readable(await ask<Row>('sample', drawn), runs) : []
  const inRuns = runs.length < runs.stretch
  const simulated = await simulate(
    parts,
    { traces: rows, learned, settings, change },
    replacement,
    { coverage: all > 0 ? rooted / all : 0, inRuns },
    options.signal,
  )
  const { retimed, concerned, read, ...told } = simulated
  const unweighted = rows.filter((row) => row.unweighted).length
  const reasons: WhatIf['reasons'] = []
  if (rooted === 0) reasons.push('no_requests')
  else if (change.kind === 'replace' && replacement === null) reasons.push('no_replacement')
  else if (retimed === 0) reasons.push('no_spans')
  else if (concerned === 0) reasons.push('not_concerned')
  if (unweighted > 0 && unweighted < rows.length) reasons.push('weight_unknown')
  const unreadable = Math.max(0, rows.length - read)
  const counts = { all, rootless, retimed, concerned, unreadable }
  const answer = { ...told, requests: counts, reasons }
  return {
    sentence: whatIfSentence(changeInWords(change, words.called, words.by), answer),
    ...answer,
    fromUnixNano: unixNano(window.fromMs),
    toUnixNano: unixNano(window.toMs),
    assumptions: assumptionsOf(change, told.fidelity, inRuns ? runs : null),
    method:
      'Each recorded request is re-timed: own times of spans change, what waits for what stays. Quantiles before and after are of the same requests, weighted by their sampling; intervals by order statistics, and 5 % for the model.',
    sql: [
      { what: 'requests of the cohort', sql: inlined(count.sql, count.params) },
      { what: 'those that are re-timed', sql: inlined(drawn.sql, drawn.params) },
    ],
  }
}

/** Of requests with so many spans together, how many may be read. */
const readableOf = (requests: number, spans: number) =>
  Math.max(1, Math.floor((mostSpans * requests) / Math.max(1, spans)))

/** Which requests are drawn, and how sample.sql is told. */
function drawnOf(minutes: readonly Minute[], requests: number, most: number) {
  let [before, draws] = [0, 0]
  // By hash, so that an answer can be had again.
  const chance = () => parseInt(hash64([String(draws++)]).slice(0, 8), 16) / 2 ** 32
  const runs = drawRuns(requests, most, mostRuns, chance)
  const blocks = minutes.map((one) => ({ ...one, before: (before += one.requests) - one.requests }))
  const read = blocksWithRuns(blocks, runs)
  const params = {
    ...{ stretch: runs.stretch, length: runs.length, starts: runs.starts },
    ...{ minutes: read.map(({ minute }) => minute), before: read.map((one) => one.before) },
  }
  return { runs, params }
}

/** As long as they are few enough spans, whole runs: which are left out then, chance has said. */
function readable(rows: readonly Row[], { starts }: Runs): Row[] {
  const spansOf = new Map<number, number>()
  const small = rows.filter((row) => row.rows <= mostSpansOfTrace)
  for (const { run, rows } of small) spansOf.set(run, (spansOf.get(run) ?? 0) + rows)
  let spans = 0
  const runs = [...spansOf].sort(([a], [b]) => starts[a]! - starts[b]!)
  const read = new Set(runs.filter(([, more]) => (spans += more) <= 1.2 * mostSpans).map(([run]) => run))
  return small.filter(({ run }) => read.has(run))
}

/** In-process times of a cohort of traversals at the level that most of them have; null: none is known. */
async function replacementOf(
  clickhouse: ClickHouse,
  by: Cohort,
  conditions: readonly Condition[],
  options: QueryOf,
): Promise<Replacement | null> {
  const question = { measure: 'overhead' as const, conditions, window: windowOf(by) }
  const { rows } = await readSide(clickhouse, question, 3600, options)
  const fidelity = commonLevel(rows, rows)
  const histogram = merge(rows.filter(({ level }) => level === fidelity).map((row) => row.histogram))
  return total(histogram) > 0 ? { histogram, fidelity } : null
}

/** What those are called that a change names by id. */
async function wordsFor(
  clickhouse: ClickHouse,
  { change }: WhatIfRequest,
  conditions: readonly Condition[],
  options: QueryOf,
) {
  const { proxy, hop } = 'target' in change ? change.target : {}
  const isId = proxy !== undefined && /^[0-9a-f]{16}$/.test(proxy)
  const [proxies, hops, inFilters] = await Promise.all([
    isId ? readProxyNames(clickhouse, [proxy], partOf(options, 'proxy')) : new Map<string, { name: string }>(),
    hop ? readHopNames(clickhouse, [hop], partOf(options, 'hop')) : undefined,
    namesIn(clickhouse, conditions, partOf(options, 'names')),
  ])
  const called = (id: string) => {
    const way = hops?.get(id)
    return way ? `${way.caller || 'outside'} → ${way.callee || 'outside'}` : (proxies.get(id)?.name ?? id)
  }
  return {
    called,
    by: change.kind === 'replace' ? nameOf(cohortConditions(change.by.filter, 'change.by'), inFilters) : '',
  }
}

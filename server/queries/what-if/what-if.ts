import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { AnalysisSettings } from '../../analysis/types.ts'
import type { Cohort } from '../../api/contract-compare.ts'
import type { WhatIf, WhatIfRequest } from '../../api/contract-what-if.ts'
import { merge, total } from '../../statistics/histogram.ts'
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
/** Read at most: what is drawn later than that is left out. */
const mostSpans = 1_500_000

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

type Row = DrawnTrace & { unweighted: number }

/**
 * Reads requests as their spans are stored and re-times each.
 * @param parts who do so, side by side.
 * @throws CohortError
 */
export async function readWhatIf(
  clickhouse: ClickHouse,
  parts: readonly Part[],
  asked: WhatIfRequest,
  settings: Pick<AnalysisSettings, 'networkRttNs' | 'rules'>,
  options: QueryOf,
): Promise<WhatIf> {
  const { requests, cohort, by } = readQuestion(asked)
  const { change } = asked
  const window = windowOf(asked.cohort)
  const count = { sql: `WITH ${requests.cte}\n${countSql}`, params: requests.params }
  const ask = <T>(part: string, { sql, params }: { sql: string; params: object }) =>
    clickhouse.query<T>(sql, { ...params }, partOf(options, part))
  const when = { job: null, startMs: window.fromMs, endMs: window.toMs }
  const [[counted], learned, replacement, words] = await Promise.all([
    ask<{ all: number; rootless: number }>('count', count),
    readLearnedFor(clickhouse, when, { signal: options.signal }),
    change.kind === 'replace' ? replacementOf(clickhouse, change.by, by, partOf(options, 'by')) : null,
    wordsFor(clickhouse, asked, [...cohort, ...by], options),
  ])
  const { all, rootless } = counted!
  const one = Math.max(1, Math.floor((all - rootless) / mostTraces))
  const drawn = {
    sql: `WITH ${requests.cte},\n${currentSql}${sampleSql}`,
    params: { ...requests.params, one, most: mostTraces },
  }
  const rows = all > rootless ? readable(await ask<Row>('sample', drawn)) : []
  const traces = [...rows].sort((a, b) => a.firstMinute - b.firstMinute)
  const simulated = await simulate(
    parts,
    { traces, learned, settings, change },
    replacement,
    all > 0 ? (all - rootless) / all : 0,
    options.signal,
  )
  const { retimed, concerned, read, ...told } = simulated
  const unweighted = rows.filter((row) => row.unweighted).length
  const reasons: WhatIf['reasons'] = []
  if (all === 0 || all === rootless) reasons.push('no_requests')
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
    assumptions: assumptionsOf(change, told.fidelity),
    method:
      'Each recorded request is re-timed: own times of spans change, what waits for what stays. Quantiles before and after are of the same requests, weighted by their sampling; intervals by order statistics, and 5 % for the model.',
    sql: [
      { what: 'requests of the cohort', sql: inlined(count.sql, count.params) },
      { what: 'those that are re-timed', sql: inlined(drawn.sql, drawn.params) },
    ],
  }
}

/** In the order of drawing, as long as they are few enough spans. */
function readable(rows: readonly Row[]): Row[] {
  let spans = 0
  return rows.filter(({ rows: more }) => more <= mostSpansOfTrace && (spans += more) <= mostSpans)
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

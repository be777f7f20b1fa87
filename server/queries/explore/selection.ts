import type { ClickHouse, Params } from '../../../storage/clickhouse.ts'
import type { Selection } from '../../api/contract-explore.ts'
import type { Fidelity } from '../../api/contract.ts'
import { loadSql } from '../load-sql.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import { unixNano, type Window } from '../rollup-window.ts'
import { stepsOf, type Steps } from '../steps.ts'
import { factsOf, paramsAt, type Facts, type FactsAsked } from './facts.ts'
import { highestOf, leastOf, readUsual, valuesAt, type Highest } from './usual.ts'

const currentSql = loadSql(import.meta.url, 'current.sql')
const sidesSql = loadSql(import.meta.url, 'sides.sql')
const weightedSql = loadSql(import.meta.url, 'sides-weighted.sql')
const selectedSql = loadSql(import.meta.url, 'selected.sql')

/** Part of the window and of the values; nothing given: those above the 90th percentile. */
export interface Box {
  /** Unix ms. */
  readonly selFrom?: number | undefined
  readonly selTo?: number | undefined
  /** ns: from here on, and below. */
  readonly selMinNs?: number | undefined
  readonly selMaxNs?: number | undefined
}

export interface BoxAsked extends FactsAsked, Box {
  readonly fidelity?: Fidelity | undefined
}

/** What a question about a box goes on from. */
export interface Selected {
  readonly facts: Facts
  readonly window: Window
  readonly fidelity: Fidelity
  readonly selection: Selection
  /** Values of the level. */
  readonly n: number
  /** Where it is all above the 90th percentile: a value from which on there are as many as were asked for, and where they lie. */
  readonly highest: Highest | undefined
  /** CTEs up to `selected`, and their parameters. */
  readonly ctes: string
  readonly params: Params
}

interface SideRow {
  fidelity: Fidelity
  n: number
  p90: number
  cap: number
  /** Of the unweighted quantiles: 1 where they are the weighted ones too. */
  alike?: number
  highest?: Selected['highest']
}

interface UsualAsked {
  readonly asked: BoxAsked
  readonly steps: Steps
  readonly facts: Facts
  readonly needed: { readonly p90: boolean; readonly cap: boolean; readonly highest: number }
}

/** More values are not brought here to take the highest of them. */
const mostBrought = 10_000

/** Beyond every value, ns. */
const noMost = 2 ** 53

/** What is usually selected goes by this quantile; values count up to the other where sides are compared. */
const [usualQuantile, capQuantile] = [0.9, 0.999]

/** CTEs up to `selected`. */
const selectedOf = (facts: Facts): string =>
  `${facts.cte},\n${currentSql},\n${selectedSql.replace('{{from}}', 'current')}`

/** The same, with what revisions replaced and, with sign -1, what took it back: to look for that among all facts costs as much as to read them. */
export const selectedWithReplaced = (facts: Facts): string =>
  `${facts.cte},\n${selectedSql.replace('{{from}}', 'facts')}`

/**
 * Looks for the level and for what is usually selected. @param compared whether the two sides will be. @param highest so many of the highest
 * values will be asked for; 0: not by value. @throws FilterError
 */
export async function select(
  clickhouse: ClickHouse,
  asked: BoxAsked,
  { compared = false, highest = 0 }: { compared?: boolean; highest?: number },
  options: QueryOf,
): Promise<Selected> {
  const steps = stepsOf(asked.window)
  const { window } = steps
  const facts = factsOf({ ...asked, window })
  const { selFrom, selTo, selMinNs, selMaxNs } = asked
  const usual = [selFrom, selTo, selMinNs, selMaxNs].every((edge) => edge === undefined)
  const side =
    (await usualSide(clickhouse, { asked, steps, facts, needed: { p90: usual, cap: compared, highest } }, options)) ??
    (await exactSide(clickhouse, asked, facts, options))
  const fidelity = side?.fidelity ?? asked.fidelity ?? 'unknown'
  const box = {
    fromMs: Math.max(window.fromMs, selFrom ?? window.fromMs),
    toMs: Math.min(window.toMs, selTo ?? window.toMs),
    min: usual ? (side ? side.p90 + 1 : null) : (selMinNs ?? null),
    max: selMaxNs ?? null,
  }
  return {
    ...{ facts, window, fidelity, n: side?.n ?? 0 },
    selection: {
      ...{ fromUnixNano: unixNano(box.fromMs), toUnixNano: unixNano(box.toMs), minNs: box.min, maxNs: box.max, usual },
    },
    highest: usual ? side?.highest : undefined,
    ctes: selectedOf(facts),
    params: {
      ...paramsAt(facts, fidelity),
      ...{ level: fidelity, cap: side?.cap ?? 0, selFrom: box.fromMs, selTo: box.toMs },
      ...{ selMin: box.min ?? -noMost, selMax: box.max ?? noMost },
    },
  }
}

/** The level asked for, else the one with most values; 0 for what is not needed. undefined: rollups cannot tell, or there is none. */
async function usualSide(
  clickhouse: ClickHouse,
  { asked, steps, facts, needed }: UsualAsked,
  options: QueryOf,
): Promise<SideRow | undefined> {
  const levels = await readUsual(clickhouse, asked, steps, partOf(options, 'levels'))
  const level = asked.fidelity ? levels?.find(({ fidelity }) => fidelity === asked.fidelity) : levels?.[0]
  if (!level) return undefined
  const quantiles = [...(needed.p90 ? [usualQuantile] : []), ...(needed.cap ? [capQuantile] : [])]
  const least = needed.highest > 0 ? leastOf(level, needed.highest) : undefined
  const isFew = least !== undefined && least.above <= mostBrought
  const of = { facts, level, least: isFew ? least.ns : noMost }
  const found = await valuesAt(clickhouse, of, quantiles, partOf(options, 'in-buckets'))
  if (!found) return undefined
  const { n, values, highest } = found
  return {
    ...{ fidelity: level.fidelity, n, p90: needed.p90 ? values[0]! : 0, cap: needed.cap ? values.at(-1)! : 0 },
    highest: isFew ? highestOf(highest, needed.highest) : least && { least: least.ns },
  }
}

/** The same of every fact. */
async function exactSide(
  clickhouse: ClickHouse,
  { fidelity }: BoxAsked,
  facts: Facts,
  options: QueryOf,
): Promise<SideRow | undefined> {
  const read = (sql: string, of: QueryOf) =>
    clickhouse.query<SideRow>(`WITH ${facts.cte},\n${currentSql}${sql}`, facts.params, of)
  const unweighted = await read(sidesSql, options)
  const sides = unweighted.every(({ alike }) => alike)
    ? unweighted
    : await read(weightedSql, partOf(options, 'weighted'))
  return fidelity ? sides.find((side) => side.fidelity === fidelity) : sides[0]
}

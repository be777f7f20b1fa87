import type { ClickHouse, Params } from '../../../storage/clickhouse.ts'
import type { Selection } from '../../api/contract-explore.ts'
import type { Fidelity } from '../../api/contract.ts'
import { loadSql } from '../load-sql.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import { unixNano, type Window } from '../rollup-window.ts'
import { stepsOf, type Steps } from '../steps.ts'
import { factsOf, type Facts, type FactsAsked } from './facts.ts'
import { leastOf, readUsual, valuesAt, type UsualLevel } from './usual.ts'

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
  /** Where it is all above the 90th percentile: a value from which on there are at least so many, so that fewer are read. */
  readonly leastOf: (most: number) => number | null
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
}

interface UsualAsked {
  readonly asked: BoxAsked
  readonly steps: Steps
  readonly facts: Facts
  readonly needed: { readonly p90: boolean; readonly cap: boolean }
}

/** Beyond every value, ns. */
const noMost = 2 ** 53

/** What is usually selected goes by this quantile; values count up to the other where sides are compared. */
const [usualQuantile, capQuantile] = [0.9, 0.999]

/** Looks for the level and for what is usually selected. @param compared whether the two sides will be. @throws FilterError */
export async function select(
  clickhouse: ClickHouse,
  asked: BoxAsked,
  compared: boolean,
  options: QueryOf,
): Promise<Selected> {
  const steps = stepsOf(asked.window)
  const { window } = steps
  const facts = factsOf({ ...asked, window })
  const { selFrom, selTo, selMinNs, selMaxNs } = asked
  const usual = [selFrom, selTo, selMinNs, selMaxNs].every((edge) => edge === undefined)
  const side =
    (await usualSide(clickhouse, { asked, steps, facts, needed: { p90: usual, cap: compared } }, options)) ??
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
    leastOf: (most) => (usual && side?.level ? leastOf(side.level, most) : null),
    ctes: `${facts.cte},\n${currentSql},\n${selectedSql}`,
    params: {
      ...facts.params,
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
): Promise<(SideRow & { level: UsualLevel }) | undefined> {
  const levels = await readUsual(clickhouse, asked, steps, partOf(options, 'levels'))
  const level = asked.fidelity ? levels?.find(({ fidelity }) => fidelity === asked.fidelity) : levels?.[0]
  if (!level) return undefined
  const quantiles = [...(needed.p90 ? [usualQuantile] : []), ...(needed.cap ? [capQuantile] : [])]
  const found = await valuesAt(clickhouse, { facts, level }, quantiles, partOf(options, 'in-buckets'))
  if (!found) return undefined
  const { n, values } = found
  return { fidelity: level.fidelity, n, p90: needed.p90 ? values[0]! : 0, cap: needed.cap ? values.at(-1)! : 0, level }
}

/** The same of every fact. */
async function exactSide(
  clickhouse: ClickHouse,
  { fidelity }: BoxAsked,
  facts: Facts,
  options: QueryOf,
): Promise<(SideRow & { level?: undefined }) | undefined> {
  const read = (sql: string, of: QueryOf) =>
    clickhouse.query<SideRow>(`WITH ${facts.cte},\n${currentSql}${sql}`, facts.params, of)
  const unweighted = await read(sidesSql, options)
  const sides = unweighted.every(({ alike }) => alike)
    ? unweighted
    : await read(weightedSql, partOf(options, 'weighted'))
  return fidelity ? sides.find((side) => side.fidelity === fidelity) : sides[0]
}

import type { ClickHouse, Params } from '../../../storage/clickhouse.ts'
import type { Selection } from '../../api/contract-explore.ts'
import type { Fidelity } from '../../api/contract.ts'
import { loadSql } from '../load-sql.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import { unixNano, type Window } from '../rollup-window.ts'
import { stepsOf } from '../steps.ts'
import { factsOf, type Facts, type FactsAsked } from './facts.ts'

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

/** Beyond every value, ns. */
const noMost = 2 ** 53

/** Looks for the level and for what is usually selected. @throws FilterError */
export async function select(clickhouse: ClickHouse, asked: BoxAsked, options: QueryOf): Promise<Selected> {
  const { window } = stepsOf(asked.window)
  const facts = factsOf({ ...asked, window })
  const read = (sql: string, of: QueryOf) =>
    clickhouse.query<SideRow>(`WITH ${facts.cte},\n${currentSql}${sql}`, facts.params, of)
  const unweighted = await read(sidesSql, options)
  const sides = unweighted.every(({ alike }) => alike)
    ? unweighted
    : await read(weightedSql, partOf(options, 'weighted'))
  const side = asked.fidelity ? sides.find(({ fidelity }) => fidelity === asked.fidelity) : sides[0]
  const { selFrom, selTo, selMinNs, selMaxNs } = asked
  const usual = [selFrom, selTo, selMinNs, selMaxNs].every((edge) => edge === undefined)
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
    ctes: `${facts.cte},\n${currentSql},\n${selectedSql}`,
    params: {
      ...facts.params,
      ...{ level: fidelity, cap: side?.cap ?? 0, selFrom: box.fromMs, selTo: box.toMs },
      ...{ selMin: box.min ?? -noMost, selMax: box.max ?? noMost },
    },
  }
}

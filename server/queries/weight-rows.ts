import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Fidelity } from '../api/contract.ts'
import type { Cells } from '../statistics/histogram.ts'
import { loadSql } from './load-sql.ts'
import { readNative, type Integers64, type NativeRows } from './native-reader.ts'
import type { QueryOf } from './query-of.ts'
import {
  alignWindow,
  overRollup,
  type MadeRows,
  type PlaceFilter,
  type RollupRows,
  type Window,
} from './rollup-window.ts'

const sql = loadSql(import.meta.url, 'weight-rows.sql')
const weightsSql = sql.replace('{{hist}}', 'sumMap(hist)')
const someWeightsSql = sql.replace('{{hist}}', 'sumMapIf(hist, metric IN {histogramsOf:Array(String)})')

/** What was counted of one metric of one entity at one level and of one sampling weight. */
export interface WeightRow {
  /** 16 hex digits; all zero where entities were not kept apart. */
  readonly id: string
  readonly metric: string
  readonly fidelity: Fidelity
  /** Unix seconds of the step, or of the period; 0 without either. */
  readonly startSeconds: number
  /** Weight - 1; -1: not known. */
  readonly extra: number
  /** As stored. */
  readonly requests: number
  readonly errors: number
  /** How many of the requests have a finite value. */
  readonly n: number
  /** ns, of the n values. */
  readonly total: number
  readonly histogram: Cells
}

export interface WeightsAsked {
  readonly window: Window
  readonly rows: RollupRows | MadeRows
  readonly place?: PlaceFilter | undefined
  /** One row a step, too. */
  readonly stepMs?: number
  /** Without steps: the window begins and ends at whole ones of this length, and is read no further. */
  readonly edgeMs?: number
  /** Of the period of equal length before, too, in rows that start there; not with steps. */
  readonly before?: boolean
  /** Kinds whose entities count as if they were one. */
  readonly together?: RollupRows['kinds'] | undefined
  /** Metrics whose histograms are added up, which is most of the work; of the others there are counts and sums. Absent: all. */
  readonly histogramsOf?: readonly string[]
}

const dayMs = 86_400_000

/** Seconds of a step that everything is in. */
const allTime = 2 ** 32 - 1

/** Rows of a window that have requests, in no order. */
export async function readWeights(clickhouse: ClickHouse, asked: WeightsAsked, options: QueryOf): Promise<WeightRow[]> {
  const { rows, place = {}, stepMs, edgeMs, together = [], histogramsOf } = asked
  const { environment = '', cluster = '', namespace = '' } = place
  const window = (stepMs ?? edgeMs) === undefined ? alignWindow(asked.window) : asked.window
  const length = window.toMs - window.fromMs
  const earlier = { fromMs: window.fromMs - length, toMs: window.fromMs }
  const { sql, params } = overRollup(histogramsOf ? someWeightsSql : weightsSql, {
    // Without steps any rollup will do that lies inside.
    ...{ windows: asked.before ? [earlier, window] : [window], rows, stepMs: stepMs ?? (edgeMs && dayMs) },
  })
  const answer = await clickhouse.queryBytes(
    sql,
    {
      ...params,
      ...{ environment, cluster, namespace, together, ...(histogramsOf && { histogramsOf }) },
      origin: asked.before ? earlier.fromMs / 1000 : 0,
      step: asked.before ? length / 1000 : stepMs === undefined ? allTime : stepMs / 1000,
    },
    options,
  )
  return [...readNative(answer)].flatMap(rowsOf)
}

function rowsOf(block: NativeRows): WeightRow[] {
  const ids = hexOf(block.column('id', 'integers64'))
  const [metrics, levels] = [block.column('metric', 'words'), block.column('fidelity', 'words')]
  const startSeconds = block.column('startSeconds', 'integers')
  const numbers = (name: string) => block.column(name, 'numbers')
  const [extra, requests, errors, n] = [numbers('extra'), numbers('requests'), numbers('errors'), numbers('n')]
  const [total, hist] = [numbers('total'), block.column('hist', 'histograms')]
  return Array.from({ length: block.rows }, (_, i) => ({
    id: ids.slice(16 * i, 16 * i + 16),
    metric: metrics.words[metrics.indexes[i]!]!,
    fidelity: levels.words[levels.indexes[i]!] as Fidelity,
    startSeconds: startSeconds[i]!,
    extra: extra[i]!,
    requests: requests[i]!,
    errors: errors[i]!,
    n: n[i]!,
    total: total[i]!,
    histogram: hist.at(i),
  }))
}

/** 16 digits each. */
function hexOf({ low, high }: Integers64): string {
  const bytes = Buffer.allocUnsafe(8 * low.length)
  for (let i = 0; i < low.length; i++) bytes.writeInt32BE(high[i]!, 8 * i)
  for (let i = 0; i < low.length; i++) bytes.writeUInt32BE(low[i]!, 8 * i + 4)
  return bytes.toString('hex')
}

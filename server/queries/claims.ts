/** What is measured here, for published figures to stand beside. */
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { OwnFigure, OwnMeasured } from '../api/contract-claims.ts'
import { refusal } from '../statistics/claims.ts'
import { merge, quantile, total } from '../statistics/histogram.ts'
import { normalQuantile } from '../statistics/student.ts'
import { readSide } from './compare.ts'
import { commonLevel } from './comparison.ts'
import { readFilter } from './explore/filter.ts'
import { partOf, type QueryOf } from './query-of.ts'
import type { Window } from './rollup-window.ts'

const figures: Readonly<Record<OwnFigure, Pick<OwnMeasured, 'title' | 'measure' | 'filter'>>> = {
  sidecarHops: { title: 'Transit of hops through sidecars', measure: 'transit', filter: 'dataPlane = sidecar, both' },
  gateways: { title: 'Added time of gateways', measure: 'added', filter: 'role = gateway' },
}
const quantiles = [0.5, 0.9, 0.99]

export const readOwnFigures = (clickhouse: ClickHouse, window: Window, options: QueryOf): Promise<OwnMeasured[]> =>
  Promise.all((Object.keys(figures) as OwnFigure[]).map((id) => ownFigure(clickhouse, id, window, partOf(options, id))))

async function ownFigure(
  clickhouse: ClickHouse,
  id: OwnFigure,
  window: Window,
  options: QueryOf,
): Promise<OwnMeasured> {
  const { title, measure, filter } = figures[id]
  const { rows, sql } = await readSide(clickhouse, { measure, conditions: readFilter(filter), window }, 3600, options)
  const fidelity = commonLevel(rows, rows)
  const ofLevel = rows.filter(({ level }) => level === fidelity)
  const histogram = merge(ofLevel.map((row) => row.histogram))
  const n = Math.round(total(histogram))
  const lost = rows.reduce(
    (sum, row) => sum + (row.level === fidelity || row.level === 'unknown' ? row.requests - row.n : 0),
    0,
  )
  const coverage = n + lost > 0 ? n / (n + lost) : 0
  const at = (q: number) => Math.round(quantile(histogram, Math.min(1, Math.max(1e-9, q)))!)
  return {
    ...{ id, title, measure, filter, n, coverage, fidelity, sql },
    quantiles: quantiles.map((q) => {
      const refused = refusal(q, n, coverage)
      if (refused !== undefined) return { q, ns: null, loNs: null, hiNs: null, reasons: [refused] }
      const around = normalQuantile * Math.sqrt((q * (1 - q)) / n)
      return { q, ns: at(q), loNs: at(q - around), hiNs: at(q + around), reasons: [] }
    }),
  }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { analyseTrace } from '../server/analysis/analyse.ts'
import { compareCohorts } from '../server/statistics/compare.ts'
import { groupBy } from '../server/statistics/group-by.ts'
import { histogramOf } from '../server/statistics/histogram.ts'
import { hodgesLehmann } from '../server/statistics/shift.ts'
import { chance } from './chance.ts'
import { tracesOf, type ExportRequest } from './otlp-json.ts'

/** One application behind KrakenD with sidecars and behind an Envoy gateway with a sidecar: what Compare says against what packets say. */
const folder = fileURLToPath(new URL('fixtures/recordings/s8-gateway-vs-krakend/', import.meta.url))
const linesOf = <Line>(file: string): Line[] =>
  gunzipSync(readFileSync(join(folder, `${file}.jsonl.gz`)))
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)

/** Of each warm request what lies between its first proxy and the application, ns. */
interface Request {
  readonly way: string
  /** Stretches of 20 ms: the recording is a second of load, and the program compares minutes. */
  readonly slot: number
  readonly truthNs: number
  readonly spansNs: number
}

function requests(): Request[] {
  const edges = linesOf<{ root_id: string; trace_id: string; warmup: boolean; down_total_us: number }>('truth')
  const handled = new Map(
    linesOf<{ trace_id: string; handled_us: number }>('truth-apps').map((app) => [app.trace_id, app.handled_us]),
  )
  return tracesOf(linesOf<ExportRequest>('spans.otlp')).flatMap((trace) => {
    const { traceId, hops } = analyseTrace(trace, { networkRttNs: 0 })
    const passages = edges.filter(({ trace_id, warmup }) => trace_id === traceId && !warmup)
    const [transit] = hops.flatMap((hop) => hop.transit.ns ?? [])
    if (passages.length === 0 || transit === undefined) return []
    const totalUs = Math.max(...passages.map(({ down_total_us }) => down_total_us))
    return [
      {
        way: passages[0]!.root_id.replace(/[-\d].*/, ''),
        slot: Number(trace.baseUnixNano / 20_000_000n),
        truthNs: 1000 * (totalUs - handled.get(traceId)!),
        spansNs: transit,
      },
    ]
  })
}

it('agrees with packets on which of KrakenD and an Envoy gateway is faster, and by how much', () => {
  const all = requests()
  const of = (way: string) => all.filter((request) => request.way === way)
  const [gateway, krakend] = [of('gateway'), of('krakend')]
  expect([gateway.length, krakend.length]).toEqual([100, 100])
  const rows = (side: readonly Request[]) =>
    [...groupBy(side, ({ slot }) => String(slot))].map(([slot, some]) => ({
      ...{ stratum: 'orders', minute: Number(slot) },
      histogram: histogramOf(some.map(({ spansNs }) => spansNs)),
    }))
  const { verdict, adjusted } = compareCohorts(rows(gateway), rows(krakend), [0.5], chance(1).next)
  expect(verdict).toBe('a_faster')

  const logs = (side: readonly Request[]) => side.map(({ truthNs }) => Math.log(truthNs))
  const mean = (side: readonly Request[]) => side.reduce((sum, { truthNs }) => sum + truthNs, 0) / side.length
  const median = (side: readonly Request[]) =>
    side.map(({ truthNs }) => truthNs).sort((x, y) => x - y)[side.length / 2]!
  for (const [truth, { lo, hi }] of [
    [hodgesLehmann(logs(krakend), logs(gateway))!, adjusted!.shift],
    [mean(krakend) - mean(gateway), adjusted!.mean.difference],
    [median(krakend) - median(gateway), adjusted!.quantiles[0]!.difference],
  ] as const) {
    expect(truth).toBeGreaterThan(lo)
    expect(truth).toBeLessThan(hi)
  }
  // The other way round the same.
  expect(compareCohorts(rows(krakend), rows(gateway), [0.5], chance(1).next).verdict).toBe('b_faster')
})

import type { ClickHouse } from '../../storage/clickhouse.ts'
import { analyseTrace } from '../analysis/analyse.ts'
import { differenceOf } from '../analysis/difference.ts'
import type { AnalysisSettings, TraceAnalysis } from '../analysis/types.ts'
import type { SpanReader } from '../queries/spans.ts'
import { minutesOf, placeOfTrace } from '../queries/trace-list.ts'
import { partOf, type QueryOf } from '../queries/query-of.ts'
import { readShapePeers } from '../queries/typical.ts'
import { unixNano } from '../queries/rollup-window.ts'
import type { Typical } from './contract-peers.ts'
import { analysedAsItsFacts, extentOf } from './learned-for.ts'
import { notFound } from './problem.ts'

const mostSpans = 50

interface Sources {
  readonly clickhouse: ClickHouse
  readonly reader: SpanReader
  readonly settings: AnalysisSettings
}

/** A trace beside a typical one of its shape. @throws ProblemError 404 without facts or a duration. */
export async function typicalOf(sources: Sources, traceId: string, options: QueryOf): Promise<Typical> {
  const peers = await readShapePeers(sources.clickhouse, traceId, options)
  if (peers === undefined) throw notFound(`trace ${traceId} has not settled, or its facts have expired`)
  if (peers === null) throw notFound(`trace ${traceId} has no root, so nobody knows how long it took`)
  const { window, typical, ...counts } = peers
  const answer = { from: unixNano(window.fromMs), to: unixNano(window.toMs), ...counts }
  if (!typical) return { ...answer, typical: null }
  const own = await analysed(sources, traceId, partOf(options, 'own'))
  const other = await analysed(sources, typical.traceId, partOf(options, 'other'))
  const difference = own && other && differenceOf(own, other)
  if (!difference) return { ...answer, typical: null }
  const rest = difference.spans.slice(mostSpans)
  return {
    ...answer,
    typical: {
      ...typical,
      classes: difference.classes.map(({ otherNs, ...each }) => ({ ...each, typicalNs: otherNs })),
      spans: difference.spans.slice(0, mostSpans).map(({ spanId, otherSpanId, ns, otherNs }) => ({
        spanId,
        typicalSpanId: otherSpanId,
        ns,
        typicalNs: otherNs,
      })),
      restNs: rest.reduce((sum, { ns, otherNs }) => sum + ns - otherNs, 0),
    },
  }
}

/** As its page shows it. undefined: its spans have expired, or are more than it is shown of. */
async function analysed(
  { clickhouse, reader, settings }: Sources,
  traceId: string,
  options: QueryOf,
): Promise<TraceAnalysis | undefined> {
  const place = await placeOfTrace(clickhouse, traceId, options)
  const [stored] = await reader.readTraces([{ traceId, ...(place && minutesOf(place)) }], { signal: options.signal })
  if (!stored || stored.truncated) return undefined
  return analysedAsItsFacts(
    clickhouse,
    stored,
    place ?? extentOf(stored),
    (learned) => analyseTrace(stored, { ...settings, ...learned }),
    { signal: options.signal },
  )
}

import { Agent, request } from 'node:http'
import { generateRequest, spansPerTrace } from '../bench/generate.ts'
import type { ClickHouse } from '../storage/clickhouse.ts'
import { FieldCursor } from '../storage/protobuf.ts'

/** Requests that were sent and what became of them, to be held against what is stored. */
export interface Sent {
  readonly traceIds: readonly string[]
  /** Of the answer; 0 when there was none. */
  readonly status: number
  /** Seconds, when it is asked for. */
  readonly retryAfter: string | undefined
  readonly tookMs: number
}

const agent = new Agent({ keepAlive: true })
let requests = 0

/** Sends traces that nobody sent before, over OTLP/HTTP. Every request brings resources of its own. */
export async function sendTraces(otlpHttpUrl: string, traces = 10): Promise<Sent> {
  const generated = generateRequest(traces * spansPerTrace, process.pid * 100_000 + ++requests, `ns-${requests}`)
  generated.refresh(Date.now())
  const traceIds = traceIdsOf(generated.body)
  const from = performance.now()
  return new Promise((resolve) => {
    const done = (status: number, retryAfter?: string) =>
      resolve({ traceIds, status, retryAfter, tookMs: performance.now() - from })
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': generated.body.length }
    const posted = request(`${otlpHttpUrl}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
      response.once('error', () => done(0))
      response.resume().once('end', () => done(response.statusCode ?? 0, response.headers['retry-after']))
    })
    posted.once('error', () => done(0))
    posted.end(generated.body)
  })
}

/** The ids of the traces of an ExportTraceServiceRequest, 32 hex digits each. */
export function traceIdsOf(body: Buffer): string[] {
  const ids = new Set<string>()
  const each = (from: number, to: number, field: number, visit: (f: FieldCursor) => void): void => {
    const f = new FieldCursor(body, from, to)
    while (f.next()) if (f.field === field) visit(f)
  }
  each(0, body.length, 1, (resource) =>
    each(resource.from, resource.to, 2, (scope) =>
      each(scope.from, scope.to, 2, (span) =>
        each(span.from, span.to, 1, (id) => ids.add(body.toString('hex', id.from, id.to))),
      ),
    ),
  )
  return [...ids]
}

/**
 * What is wrong with what ClickHouse has of these requests; all empty or 0 when each acknowledged span is stored exactly once, any
 * other at most once, and whatever a span names is there.
 */
export async function wrongs(clickhouse: ClickHouse, sent: readonly Sent[]) {
  const rows = await clickhouse.query<{ id: string; rows: string; spans: string }>(
    'SELECT lower(hex(trace_id)) AS id, count() AS rows, uniqExact(span_id) AS spans FROM spans GROUP BY trace_id',
  )
  const stored = new Map(rows.map(({ id, ...row }) => [id, row]))
  const found = { lost: [] as string[], doubled: [] as string[], cut: [] as string[] }
  for (const { traceIds, status } of sent)
    for (const id of traceIds) {
      const row = stored.get(id)
      if (!row && status === 200) found.lost.push(id)
      if (row && Number(row.rows) > spansPerTrace) found.doubled.push(id)
      if (row && Number(row.spans) !== spansPerTrace) found.cut.push(id)
    }
  const [counts] = await clickhouse.query<Record<string, number>>(`SELECT
    (SELECT count() FROM (SELECT batch FROM batches GROUP BY batch HAVING count() > 1)) AS markedTwice,
    (SELECT count() FROM (SELECT batch, count() AS n FROM spans GROUP BY batch) AS s
      LEFT JOIN batches AS b USING batch WHERE b.spans != s.n) AS miscounted,
    (SELECT count() FROM spans WHERE resource NOT IN (SELECT resource FROM resources)
      OR scope NOT IN (SELECT scope FROM scopes)
      OR (attrset != 0 AND attrset NOT IN (SELECT attrset FROM attrsets))) AS dangling
    SETTINGS output_format_json_quote_64bit_integers = 0`)
  return { ...found, ...counts }
}

export const nothingWrong = { lost: [], doubled: [], cut: [], markedTwice: 0, miscounted: 0, dangling: 0 }

/** Stored traces that have no facts yet, have them twice, or of other spans than are stored. */
export const wrongFacts = (clickhouse: ClickHouse) =>
  clickhouse.query<{ id: string; n: string; spans: number }>(`
    SELECT lower(hex(trace_id)) AS id, n, spans FROM (SELECT DISTINCT trace_id FROM spans) AS s
    LEFT JOIN (
      SELECT trace_id, sum(sign) AS n, argMax(span_count, revision) AS spans FROM traces GROUP BY trace_id
    ) AS t USING trace_id
    WHERE n != 1 OR spans != ${spansPerTrace}`)

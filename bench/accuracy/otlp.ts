import type { MadeRequest } from './simulate.ts'
import type { MadeSpan, Process } from './spans.ts'

/** A span as it is exported: what its process's clock made of it. */
export interface Exported {
  readonly process: Process
  readonly traceId: string
  readonly made: MadeSpan
  /** OTLP/JSON. */
  readonly json: object
}

const text = (attributes: Readonly<Record<string, string>>) =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))

/**
 * @param startMs Unix ms of the request's beginning, in truth.
 * @param offsetOf a node's clock during this request, ns ahead of the truth.
 */
export function exported(
  { traceId, spans }: MadeRequest,
  startMs: number,
  offsetOf: (node: string) => number,
  traceState = '',
): Exported[] {
  return spans.map((made) => {
    const { process } = made
    const base = BigInt(startMs) * 1_000_000n + BigInt(offsetOf(process.node))
    const at = (us: number) => base + BigInt(us) * 1000n
    const cut = (ns: bigint) => ns - (ns % 1_000_000n)
    const start = process.cuts ? cut(at(made.from)) : at(made.from)
    const duration = BigInt(made.to - made.from) * 1000n
    const end = process.cuts === 'both' ? cut(at(made.to)) : start + duration
    return {
      process,
      traceId,
      made,
      json: {
        traceId,
        spanId: made.id,
        ...(made.parent && { parentSpanId: made.parent }),
        ...(traceState && { traceState }),
        name: made.name,
        kind: made.kind,
        startTimeUnixNano: String(start),
        endTimeUnixNano: String(end),
        attributes: text(made.attributes),
        events: (made.events ?? []).map((event) => ({ name: event.name, timeUnixNano: String(at(event.at)) })),
        status: {},
      },
    }
  })
}

/** One ExportTraceServiceRequest. */
export function exportOf(spans: readonly Exported[]): string {
  const byProcess = new Map<Process, object[]>()
  for (const { process, json } of spans) byProcess.set(process, [...(byProcess.get(process) ?? []), json])
  return JSON.stringify({
    resourceSpans: [...byProcess].map(([{ resource, scope }, list]) => ({
      resource: { attributes: text(resource) },
      scopeSpans: [{ scope: { name: scope, version: '1' }, spans: list }],
    })),
  })
}

/** @throws Error when it is not taken. */
export async function post(otlpHttpUrl: string, body: string): Promise<void> {
  for (;;) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${otlpHttpUrl}/v1/traces`, { method: 'POST', headers, body })
    const answer = await response.text()
    if (response.ok) return
    if (response.status !== 503 && response.status !== 429) throw new Error(`${response.status} ${answer}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

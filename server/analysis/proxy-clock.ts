import type { Node, Traversal } from './node.ts'
import { attribute } from './recognise/pattern.ts'
import type { SpanInput } from './types.ts'

/** Times that a proxy's own clock recorded inside its spans: tags, attributes, events (proxy-spans.md 5 and 8b). ns. */
export interface ProxyClock {
  readonly request: number
  readonly response: number
}

const us = 1000

/** A tag in µs, ns; undefined where there is none or no time. */
function micros(span: SpanInput, key: string): number | undefined {
  const value = Number(attribute(span, key) ?? NaN)
  return value >= 0 ? Math.round(value * us) : undefined
}

/** An attribute in seconds, ns; several attempts or upstreams are listed (NGINX) and add up. */
function seconds(span: SpanInput, key: string): number | undefined {
  const text = attribute(span, key)
  if (text === undefined) return undefined
  const parts = text.split(/[,:]/).map((part) => Number(part.trim() || NaN))
  return parts.every((part) => part >= 0) ? Math.round(parts.reduce((sum, part) => sum + part, 0) * 1e9) : undefined
}

/** Level A of D4 from tags or events, both legs. */
export const clockOf = (head: Node): ProxyClock | undefined =>
  (head.emitter.timed ? tagLegs(head) : undefined) ?? eventLegs(head)

/** Envoy custom tags `hopscope.req_us` (%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)%) and `hopscope.resp_us` (US_RX_BEG:DS_TX_BEG). */
function tagLegs({ input, duration }: Node): ProxyClock | undefined {
  const request = micros(input, 'hopscope.req_us')
  const response = micros(input, 'hopscope.resp_us')
  return request === undefined || response === undefined || request + response > duration
    ? undefined
    : { request, response }
}

/** Envoy's stream events (`tracing.verbose`). */
function eventLegs({ emitter, input, start }: Node): ProxyClock | undefined {
  if (emitter.family !== 'envoy' || input.events.length < 3) return undefined
  const sent = timeOf(input, 'first_upstream_tx_byte_sent')
  const received = timeOf(input, 'first_upstream_rx_byte_received')
  const answered = timeOf(input, 'first_downstream_tx_byte_sent')
  if (sent === undefined || received === undefined || answered === undefined) return undefined
  if (sent < start || received < sent || answered < received) return undefined
  return { request: sent - start, response: answered - received }
}

const timeOf = ({ events }: SpanInput, name: string) => events.find((event) => event.name === name)?.time

/** What NGINX spent on its upstreams, connecting included: `otel_span_attr upstream_response_time $upstream_response_time`. */
export const upstreamTime = ({ input, duration, emitter }: Node): number | undefined => {
  if (!emitter.timed) return undefined
  const spent = seconds(input, 'upstream_response_time')
  return spent === undefined || spent > duration ? undefined : spent
}

const isTimed = ({ emitter }: Node): boolean => emitter.timed

/**
 * Time a traversal spent opening connections upstream, the longest of its calls: 0 for pooled ones, null where nothing
 * tells. Envoy repeats the connect time of a pooled connection on every request: it counts only beside
 * `hopscope.new_connection_us` (%COMMON_DURATION(DS_RX_BEG:US_CX_BEG:us)%), which exists for new ones alone [L].
 */
export function connectOf({ head, ups }: Traversal): number | null {
  if (!head.emitter.timed && !ups.some(isTimed)) return null
  const waits = ups.map(({ input }) => seconds(input, 'get-conn-duration')).filter((ns) => ns !== undefined)
  if (waits.length > 0) return Math.max(...waits)
  for (const { input } of ups.length > 0 ? [head, ...ups] : [head]) {
    const connect = micros(input, 'hopscope.handshake_us') ?? micros(input, 'hopscope.connect_us')
    if (connect !== undefined) return micros(input, 'hopscope.new_connection_us') === undefined ? 0 : connect
    const upstream = seconds(input, 'upstream_connect_time')
    if (upstream !== undefined) return upstream
  }
  return null
}

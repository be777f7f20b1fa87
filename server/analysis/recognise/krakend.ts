import { SpanKind, type SpanInput } from '../types.ts'
import { attribute, type Emitter, type ProcessFacts } from './emitter.ts'

/** KrakenD with krakend-otel: rules K1-K4 of proxy-spans.md 2.2. */
export const krakendKeys = ['krakend.stage'] as const

const bodyReader = 'http.client.response.read.tracker'

export function recogniseKrakend(span: SpanInput, process: ProcessFacts): Partial<Emitter> | undefined {
  const stage = attribute(span, 'krakend.stage')
  if (stage === undefined && !span.scope.name.startsWith('io.krakend.krakend-otel')) return undefined
  const emitter = {
    family: 'krakend',
    role: 'gateway',
    slack: 0,
    grid: 0,
    lateStart: false,
    workload: process.workload || process.service,
  } as const
  if (span.name === bodyReader) return { ...emitter, leg: 'body' } // K4
  if (stage === 'global' || (stage === undefined && span.kind === SpanKind.server)) return { ...emitter, leg: 'down' }
  if (span.kind === SpanKind.client) return { ...emitter, leg: 'up' }
  return { ...emitter, leg: 'stage' }
}

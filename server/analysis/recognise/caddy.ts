import { SpanKind, type SpanInput } from '../types.ts'
import type { Emitter, ProcessFacts } from './emitter.ts'

/** Caddy: one SERVER span a request (rule C1 of proxy-spans.md 2.2). */
export function recogniseCaddy(span: SpanInput, process: ProcessFacts): Partial<Emitter> | undefined {
  if (span.kind !== SpanKind.server || !/caddy/i.test(process.webengine)) return undefined
  return {
    family: 'caddy',
    leg: 'down',
    role: 'gateway',
    slack: 0,
    grid: 0,
    lateStart: false,
    workload: process.workload || process.service,
  }
}

import { SpanKind, type SpanInput } from '../types.ts'
import type { Emitter, ProcessFacts } from './emitter.ts'

const ms = 1_000_000

/**
 * An application with an SDK. Slack, start grid and late starts per emitter are those of algorithms.md 1.3 and D4b:
 * Node's http instrumentation cuts starts to whole milliseconds and ends SERVER spans after the response has left;
 * Flask and other WSGI servers start theirs late.
 */
export function recogniseApplication(span: SpanInput, process: ProcessFacts): Partial<Emitter> {
  const scope = span.scope.name
  const server = span.kind === SpanKind.server
  const nodeHttp = scope === '@opentelemetry/instrumentation-http' || scope === '@opentelemetry/instrumentation-undici'
  const exactEnd = process.language === 'go' || process.language === 'python'
  return {
    family: '',
    leg: 'app',
    role: 'app',
    slack: !server || exactEnd ? 0 : process.language === 'nodejs' ? ms : 0.2 * ms,
    grid: nodeHttp && process.language === 'nodejs' ? ms : 0,
    lateStart: server && /flask|wsgi|django/.test(scope),
    workload: process.workload || process.service,
  }
}

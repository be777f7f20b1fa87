import { metrics, SpanKind, SpanStatusCode, trace, type Histogram } from '@opentelemetry/api'
import type { NextFunction, Request, Response } from 'express'

const tracer = trace.getTracer('hopscope')
/** Made at the first request: a meter that is asked for before the SDK has started stays mute. */
let durations: Histogram | undefined

/** hopscope's own span and metric of an API request (OpenTelemetry HTTP semantic conventions). Nothing without an SDK. */
export function observe(request: Request, response: Response, next: NextFunction): void {
  const startedAt = performance.now()
  const span = tracer.startSpan(request.method, { kind: SpanKind.SERVER })
  response.on('close', () => {
    const route = request.route ? `${request.baseUrl}${(request.route as { path: string }).path}` : request.baseUrl
    const attributes = {
      'http.request.method': request.method,
      'http.route': route,
      'http.response.status_code': response.statusCode,
    }
    span.updateName(`${request.method} ${route}`).setAttributes(attributes)
    if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
    durations ??= metrics.getMeter('hopscope').createHistogram('http.server.request.duration', { unit: 's' })
    durations.record((performance.now() - startedAt) / 1000, attributes)
  })
  next()
}

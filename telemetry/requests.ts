import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { NextFunction, Request, Response } from 'express'
import type { Meter } from './meter.ts'

const tracer = trace.getTracer('hopscope')

/** hopscope's own span and metric of an API request (OpenTelemetry HTTP semantic conventions). */
export function observe(meter: Meter): (request: Request, response: Response, next: NextFunction) => void {
  const durations = meter.histogram({
    name: 'http.server.request.duration',
    unit: 's',
    help: 'Time of API requests by route.',
    labels: ['http.request.method', 'http.route', 'http.response.status_code'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  })
  return (request, response, next) => {
    const startedAt = performance.now()
    const span = tracer.startSpan(request.method, { kind: SpanKind.SERVER })
    response.on('close', () => {
      const route = request.route ? `${request.baseUrl}${(request.route as { path: string }).path}` : request.baseUrl
      const attributes = {
        'http.request.method': methods.has(request.method) ? request.method : '_OTHER',
        'http.route': route,
        'http.response.status_code': response.statusCode,
      }
      span.updateName(`${request.method} ${route}`).setAttributes(attributes)
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
      durations((performance.now() - startedAt) / 1000, attributes)
    })
    next()
  }
}

/** So that nobody can make up series. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

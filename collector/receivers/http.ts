import type { Running } from '../../storage/running.ts'
import { Body } from '../pipeline/bodies.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { Usage } from '../pipeline/usage.ts'
import { metricsProtobufOfJson, protobufOfJson } from '../../storage/otlp-json.ts'
import { answersOrigin } from './cors.ts'
import { listen, pathOf, takeBody, typeOf, type Answer, type HttpOptions, type Refusal } from './http-server.ts'
import { Code, responseJson, responseProtobuf, statusJson, statusProtobuf } from './otlp-messages.ts'

const protobufType = 'application/x-protobuf'
const jsonType = 'application/json'
const codes: Record<Refusal, number> = {
  unauthenticated: Code.unauthenticated,
  malformed: Code.invalidArgument,
  overloaded: Code.resourceExhausted,
  limited: Code.resourceExhausted,
  spool_full: Code.resourceExhausted,
  unavailable: Code.unavailable,
}

/** OTLP/HTTP: `POST /v1/traces` and `/v1/metrics`, protobuf and JSON; `GET /healthz`, `/readyz` and `/metrics` (OTLP specification, "OTLP/HTTP"). */
export function startHttpReceiver(
  pipeline: Pipeline,
  usage: Usage,
  options: HttpOptions & { ready: () => Promise<boolean> },
): Promise<Running> {
  return listen('OTLP/HTTP', options, async (request, response, answer) => {
    const path = pathOf(request)
    const { method } = request
    if (path === '/healthz' && (method === 'GET' || method === 'HEAD')) return answer(200, 'text/plain', 'ok\n')
    if (path === '/readyz' && (method === 'GET' || method === 'HEAD')) return sayReady(await options.ready(), answer)
    if (path === '/metrics' && (method === 'GET' || method === 'HEAD')) {
      return answer(200, options.metrics.contentType, await options.metrics.text())
    }
    if (path !== '/v1/traces' && path !== '/v1/metrics')
      return answer(404, 'text/plain', `nothing at ${path}; traces go to /v1/traces, metrics to /v1/metrics\n`)
    if (answersOrigin(request, response, options.origins ?? [], answer)) return
    if (method !== 'POST') {
      response.setHeader('Allow', 'POST')
      return answer(405, 'text/plain', 'only POST\n')
    }
    const type = typeOf(request)
    if (type !== protobufType && type !== jsonType) {
      return answer(415, 'text/plain', `content-type must be ${protobufType} or ${jsonType}\n`)
    }
    const json = type === jsonType
    await takeBody(
      request,
      response,
      { ...options, transport: 'http', refuseWhenFull: path === '/v1/metrics' ? () => {} : pipeline.refuseWhenFull },
      async (body) => {
        const say = json ? responseJson : responseProtobuf
        if (path === '/v1/metrics') {
          const result = await usage.accept(json ? ofJson(body, metricsProtobufOfJson) : body)
          answer(200, type, say(result, 'points'))
          return { items: result.readings.length + result.rejected }
        }
        const result = await pipeline.accept(json ? ofJson(body, protobufOfJson) : body, 'http')
        answer(200, type, say(result))
        return { items: result.stored + result.rejected, spans: result }
      },
      (status, why, text) =>
        answer(status, type, json ? statusJson(codes[why], text) : statusProtobuf(codes[why], text)),
    )
  })
}

function ofJson(sent: Body, protobuf: (text: string) => Buffer): Body {
  const text = sent.bytes().toString()
  sent.free()
  return Body.of(protobuf(text))
}

const sayReady = (ready: boolean, answer: Answer) =>
  answer(ready ? 200 : 503, 'text/plain', ready ? 'ok\n' : 'ClickHouse takes no writes\n')

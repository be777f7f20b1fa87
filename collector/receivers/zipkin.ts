import type { Logger, Running } from '../../storage/running.ts'
import { Body } from '../pipeline/bodies.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { protobufOf } from '../../storage/otlp-json.ts'
import { otlpOfZipkin, zipkinOfJson } from '../../storage/zipkin.ts'
import { zipkinOfProtobuf } from '../wire/zipkin-protobuf.ts'
import { answersOrigin } from './cors.ts'
import { listen, pathOf, takeBody, typeOf, type HttpOptions } from './http-server.ts'
import { rejection } from './otlp-messages.ts'

const protobufType = 'application/x-protobuf'
const jsonType = 'application/json'

/**
 * Zipkin v2: `POST /api/v2/spans`, a JSON list or a zipkin.proto3 ListOfSpans (zipkin-api, zipkin2-api.yaml). 202 when the spans
 * are stored; Zipkin has no partial success, so what was left out of a request is logged.
 */
export function startZipkinReceiver(pipeline: Pipeline, options: HttpOptions): Promise<Running> {
  return listen('Zipkin', options, async (request, response, answer) => {
    const path = pathOf(request)
    if (path !== '/api/v2/spans') return answer(404, 'text/plain', `nothing at ${path}; spans go to /api/v2/spans\n`)
    if (answersOrigin(request, response, options.origins ?? [], answer)) return
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST')
      return answer(405, 'text/plain', 'only POST\n')
    }
    const type = typeOf(request)
    if (type !== protobufType && type !== jsonType && type !== '') {
      return answer(415, 'text/plain', `content-type must be ${jsonType} or ${protobufType}\n`)
    }
    await takeBody(
      request,
      response,
      { ...options, transport: 'zipkin', refuseWhenFull: pipeline.refuseWhenFull },
      async (sent) => {
        const body = sent.bytes()
        const spans = type === protobufType ? zipkinOfProtobuf(body) : zipkinOfJson(body.toString())
        const otlp = protobufOf(otlpOfZipkin(spans), 2 * body.length)
        sent.free()
        const result = await pipeline.accept(Body.of(otlp), 'zipkin')
        const left = rejection(result)
        if (left) sayLeftOut(options.log, left.text)
        answer(202, 'text/plain', '')
        return { items: result.stored + result.rejected, spans: result }
      },
      (status, _, text) => answer(status, 'text/plain', `${text}\n`),
    )
  })
}

const sayLeftOut = (log: Logger, text: string) => log.warn({ text }, 'spans of a Zipkin reporter were left out')

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MalformedError } from '../../storage/protobuf.ts'
import type { Logger, Running } from '../../storage/running.ts'
import { Overloaded, type Admission, type Admitted } from '../pipeline/admission.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { protobufOfJson } from '../wire/json.ts'
import { BadBody, inflated, readBody } from './body.ts'
import { Code, responseJson, responseProtobuf, statusJson, statusProtobuf } from './otlp-messages.ts'

const protobufType = 'application/x-protobuf'
const jsonType = 'application/json'
const retrySeconds = 1

interface HttpOptions {
  host: string
  port: number
  admission: Admission
  ready: () => Promise<boolean>
  log: Logger
}

/** OTLP/HTTP: `POST /v1/traces`, protobuf and JSON; `GET /healthz` and `/readyz` (OTLP specification, "OTLP/HTTP"). */
export async function startHttpReceiver(
  pipeline: Pipeline,
  { host, port, admission, ready, log }: HttpOptions,
): Promise<Running> {
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 60_000 })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'an export request failed')
      if (!response.headersSent) answer(response, 500, 'text/plain', 'internal error')
      else response.destroy()
    })
  })

  function answer(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
    // Once it closes, a connection that is kept alive must not bring yet another request.
    if (!server.listening) response.setHeader('Connection', 'close')
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
    response.end(body)
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0]
    const { method } = request
    if (path === '/healthz' && (method === 'GET' || method === 'HEAD'))
      return answer(response, 200, 'text/plain', 'ok\n')
    if (path === '/readyz' && (method === 'GET' || method === 'HEAD')) {
      const accepting = await ready()
      return answer(response, accepting ? 200 : 503, 'text/plain', accepting ? 'ok\n' : 'ClickHouse takes no writes\n')
    }
    if (path !== '/v1/traces')
      return answer(response, 404, 'text/plain', `nothing at ${path}; traces go to /v1/traces\n`)
    if (method !== 'POST') {
      response.setHeader('Allow', 'POST')
      return answer(response, 405, 'text/plain', 'only POST\n')
    }
    const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
    if (type !== protobufType && type !== jsonType) {
      return answer(response, 415, 'text/plain', `content-type must be ${protobufType} or ${jsonType}\n`)
    }
    await takeExport(request, response, type)
  }

  async function takeExport(request: IncomingMessage, response: ServerResponse, type: string): Promise<void> {
    const json = type === jsonType
    const refuse = (status: number, code: number, text: string) => {
      answer(response, status, type, json ? statusJson(code, text) : statusProtobuf(code, text))
    }
    let admitted: Admitted | undefined
    try {
      admitted = admission.enter(Number(request.headers['content-length'] ?? 0))
      const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase()
      const sent = await readBody(request, admitted)
      const body = await inflated(sent, encoding)
      if (body !== sent) admitted.grow(body.length)
      const result = await pipeline.accept(json ? protobufOfJson(body.toString()) : body, 'http')
      answer(response, 200, type, json ? responseJson(result) : responseProtobuf(result))
    } catch (error) {
      if (error instanceof BadBody) {
        // What is left of the body is not read: the connection cannot be used again.
        if (error.status === 413) response.setHeader('Connection', 'close')
        return refuse(error.status, Code.invalidArgument, error.message)
      }
      if (error instanceof MalformedError) return refuse(400, Code.invalidArgument, error.message)
      if (request.destroyed && !request.complete) return
      response.setHeader('Retry-After', String(retrySeconds))
      if (!request.complete) response.setHeader('Connection', 'close')
      if (error instanceof Overloaded) refuse(429, Code.resourceExhausted, error.message)
      else refuse(503, Code.unavailable, 'ClickHouse does not take the spans now')
    } finally {
      admitted?.leave()
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    addresses: [{ name: 'OTLP/HTTP', url: `http://${inUrl(host)}:${address.port}` }],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

export const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

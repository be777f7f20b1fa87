import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { MalformedError } from '../../storage/protobuf.ts'
import type { Running } from '../../storage/running.ts'
import type { Outcome } from '../metrics.ts'
import { Overloaded, type Admitted } from '../pipeline/admission.ts'
import type { Body } from '../pipeline/bodies.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { Usage } from '../pipeline/usage.ts'
import { BadBody, eachPart, inflated, maxInflatedBytes } from './body.ts'
import { frame, MessageTooLarge, messageHeader, timeoutMs, UnaryBody } from './grpc-frames.ts'
import { keyMissing } from './access.ts'
import { inUrl, type HttpOptions } from './http-server.ts'
import { keepFresh, secureOptions, type TlsSource } from './tls.ts'
import { Code, responseProtobuf, statusProtobuf } from './otlp-messages.ts'

const tracesPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const metricsPath = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
const encodings = ['identity', 'gzip', 'deflate']
/** A connection without a call is let go; exporters open another when they need one. */
const idleMs = 600_000
const closeWithinMs = 5_000
/** The windows: a large export needs no round trip for each part of it, whatever the distance. */
const streamWindow = 4 * 2 ** 20
const connectionWindow = 16 * 2 ** 20

interface GrpcOptions extends HttpOptions {
  /** A message comes within this, as a body over HTTP does (60 s): who sends a byte now and then keeps no stream. */
  readonly messageWithinMs?: number
}

/**
 * OTLP/gRPC: TraceService/Export and MetricsService/Export, straight on HTTP/2. Half the cost of a general gRPC server, and its windows can be
 * set; everything a client sees is what gRPC over HTTP/2 and the OTLP specification say.
 */
export async function startGrpcReceiver(pipeline: Pipeline, usage: Usage, options: GrpcOptions): Promise<Running> {
  const { host, tls, log } = options
  const sessions = new Set<Http2Session>()
  const limits = {
    // Bounded by `admission`; node's own limit of 10 MB would end connections with one large export.
    maxSessionMemory: 256,
    settings: { initialWindowSize: streamWindow, maxConcurrentStreams: 256, enablePush: false },
  }
  const server = tls ? secureServer(limits, tls) : createServer(limits)
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.setLocalWindowSize(connectionWindow)
    session.setTimeout(idleMs, () => session.close())
    session.on('error', () => session.destroy())
    session.once('close', () => sessions.delete(session))
  })
  server.on('sessionError', () => {})
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    call(stream, headers, { pipeline, usage }, options).catch((error: unknown) => {
      log.error({ err: error }, 'an export call failed')
      fail(stream, { code: Code.internal, text: 'internal error' })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    addresses: [{ name: 'OTLP/gRPC', url: `${tls ? 'https' : 'http'}://${inUrl(host)}:${port}` }],
    close: () =>
      new Promise((resolve) => {
        const force = setTimeout(() => sessions.forEach((session) => session.destroy()), closeWithinMs)
        server.close(() => {
          clearTimeout(force)
          resolve()
        })
        // GOAWAY: calls under way are answered, further ones go elsewhere.
        for (const session of sessions) session.close()
      }),
  }
}

function secureServer(limits: ServerOptions, tls: TlsSource): Http2SecureServer {
  const server = createSecureServer({ ...limits, ...secureOptions(tls.current()) })
  keepFresh(server, tls)
  return server
}

const addresses = new WeakMap<Http2Session, string>()
/** Asking the socket of a session is slow. */
function addressOf(session: Http2Session): string {
  let address = addresses.get(session)
  if (address === undefined) addresses.set(session, (address = session.socket.remoteAddress ?? ''))
  return address
}

interface Failure {
  code: number
  text: string
  /** Seconds after which it may be tried again; without it never. */
  retry?: number
  outcome?: Outcome
}

async function call(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { pipeline, usage }: { pipeline: Pipeline; usage: Usage },
  { admission, access, metrics, senders, messageWithinMs = 60_000 }: GrpcOptions,
): Promise<void> {
  const startedAt = performance.now()
  if (headers[':method'] !== 'POST') return refuse(stream, 405)
  if (!/^application\/grpc($|[+;])/.test(headers['content-type'] ?? '')) return refuse(stream, 415)
  const path = headers[':path']
  if (path !== tracesPath && path !== metricsPath)
    return fail(stream, { code: Code.unimplemented, text: `unknown method ${path}` })
  const connection = stream.session!
  const address = addressOf(connection)
  const key = access.keyOf(headers)
  const agent = headers['user-agent'] ?? ''
  const origin = { transport: 'grpc', client: key?.name || address, byKey: Boolean(key?.name), agent } as const
  if (!key) {
    metrics.request('grpc', 'unauthenticated')
    senders.add(origin, { outcome: 'unauthenticated' })
    return fail(stream, { code: Code.unauthenticated, text: keyMissing })
  }
  const encoding = String(headers['grpc-encoding'] ?? 'identity').toLowerCase()
  if (!encodings.includes(encoding))
    return fail(stream, { code: Code.unimplemented, text: `grpc-encoding ${encoding} is not supported` })
  const withinMs = timeoutMs(headers['grpc-timeout'] as string | undefined)
  if (Number.isNaN(withinMs)) return fail(stream, { code: Code.invalidArgument, text: 'grpc-timeout is not one' })
  // It may be stored all the same: the client hears that it did not learn in time.
  const late = () => fail(stream, { code: Code.deadlineExceeded, text: 'the deadline passed before it was stored' })
  const deadline = withinMs === undefined ? undefined : setTimeout(late, Math.min(withinMs, 2 ** 31 - 1))
  const tooSlow = { code: Code.deadlineExceeded, text: `the message did not come within ${messageWithinMs / 1000} s` }
  const slow = setTimeout(() => fail(stream, tooSlow), messageWithinMs)
  const sent = new UnaryBody(maxInflatedBytes)
  let admitted: Admitted | undefined
  let body: Body | undefined
  try {
    if (path === tracesPath) pipeline.refuseWhenFull()
    const room = (admitted = admission.enter({ key, address, connection }, Number(headers['content-length'] ?? 0)))
    await eachPart(stream, (part) => {
      room.grow(part.length)
      sent.add(part)
    })
    clearTimeout(slow)
    const message = sent.whole()
    if (!message) return fail(stream, { code: Code.unimplemented, text: 'Export takes exactly one message' })
    const sentBytes = message.body.size
    body = message.body
    if (message.compressed) {
      body = await inflated(body.bytes(), encoding, room.grow)
      sent.free()
    }
    metrics.body('grpc', sentBytes, body.size)
    admitted.used({ bytes: sentBytes })
    if (path === metricsPath) {
      const result = await usage.accept(body)
      admitted.used({ spans: result.readings.length + result.rejected })
      senders.add(origin, { outcome: 'accepted', bytes: sentBytes })
      succeed(stream, responseProtobuf(result, 'points'))
      return metrics.request('grpc', 'accepted', (performance.now() - startedAt) / 1000)
    }
    const result = await pipeline.accept(body, 'grpc')
    admitted.used({ spans: result.stored + result.rejected })
    senders.add(origin, { outcome: 'accepted', bytes: sentBytes, result })
    succeed(stream, responseProtobuf(result))
    metrics.request('grpc', 'accepted', (performance.now() - startedAt) / 1000)
  } catch (error) {
    if (stream.aborted) return
    const failure = failureOf(error)
    const { outcome = 'malformed' } = failure
    metrics.request('grpc', outcome)
    senders.add(origin, { outcome })
    fail(stream, failure)
  } finally {
    clearTimeout(deadline)
    clearTimeout(slow)
    sent.free()
    body?.free()
    admitted?.leave()
  }
}

/** What OTLP asks of failures: INVALID_ARGUMENT is final, UNAVAILABLE and RESOURCE_EXHAUSTED with RetryInfo are tried again. */
function failureOf(error: unknown): Failure {
  if (error instanceof MalformedError) return { code: Code.invalidArgument, text: error.message }
  if (error instanceof MessageTooLarge) return { code: Code.resourceExhausted, text: error.message }
  if (error instanceof BadBody) {
    const code = error.status === 413 ? Code.resourceExhausted : Code.invalidArgument
    return { code, text: error.message }
  }
  if (error instanceof Overloaded) {
    const { message: text, retrySeconds: retry, why: outcome } = error
    return { code: Code.resourceExhausted, text, retry, outcome }
  }
  return {
    ...{ code: Code.unavailable, text: 'ClickHouse does not take it now' },
    ...{ retry: 1, outcome: 'unavailable' },
  }
}

/** Not gRPC: answered in plain HTTP. */
function refuse(stream: ServerHttp2Stream, status: number): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond({ ':status': status }, { endStream: true })
  stream.close(constants.NGHTTP2_NO_ERROR)
}

const contentType = { ':status': 200, 'content-type': 'application/grpc+proto' }

function succeed(stream: ServerHttp2Stream, response: Uint8Array): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond(contentType, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(frame(response))
}

/** Trailers only. What is left of the body is not read: the client is told to stop sending. */
function fail(stream: ServerHttp2Stream, { code, text, retry }: Failure): void {
  if (stream.destroyed || stream.headersSent) return
  const headers = {
    ...contentType,
    'grpc-status': String(code),
    'grpc-message': messageHeader(text),
    'grpc-accept-encoding': encodings.join(','),
    ...(retry !== undefined && { 'grpc-status-details-bin': statusProtobuf(code, text, retry).toString('base64') }),
  }
  stream.respond(headers, { endStream: true })
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
}

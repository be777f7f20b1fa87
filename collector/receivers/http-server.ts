import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { MalformedError } from '../../storage/protobuf.ts'
import type { Logger, Running } from '../../storage/running.ts'
import type { Metrics, Outcome } from '../metrics.ts'
import type { Transport } from '../pipeline/ledger.ts'
import type { Senders } from '../pipeline/senders.ts'
import { Overloaded, type Admission, type Admitted } from '../pipeline/admission.ts'
import type { ScanResult } from '../wire/scan.ts'
import { keyMissing, type Access } from './access.ts'
import { Body } from '../pipeline/bodies.ts'
import { BadBody, inflated, isEncoded, readBody } from './body.ts'
import { keepFresh, secureOptions, type TlsSource } from './tls.ts'

/** What receivers over HTTP have in common: listening, bodies within limits, and what is said of what cannot be taken. */
export interface HttpOptions {
  host: string
  /** 0: any free port. */
  port: number
  admission: Admission
  access: Access
  /** Of pages that may send; see `answersOrigin`. */
  origins?: readonly string[]
  /** null: in the clear. */
  tls: TlsSource | null
  metrics: Metrics
  senders: Senders
  log: Logger
}

export type Answer = (status: number, type: string, body: string | Buffer) => void
type Handle = (request: IncomingMessage, response: ServerResponse, answer: Answer) => Promise<void>

/** Listens until it is closed; requests under way are answered first. */
export async function listen(
  name: string,
  { host, port, tls, log }: Pick<HttpOptions, 'host' | 'port' | 'tls' | 'log'>,
  handle: Handle,
): Promise<Running> {
  const limits = { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 60_000 }
  const server = tls ? createSecureServer({ ...limits, ...secureOptions(tls.current()) }) : createServer(limits)
  if (tls && 'setSecureContext' in server) keepFresh(server, tls)
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const answer: Answer = (status, type, body) => {
      // Once it closes, a connection that is kept alive must not bring yet another request.
      if (!server.listening) response.setHeader('Connection', 'close')
      response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
      response.end(body)
    }
    handle(request, response, answer).catch((error: unknown) => {
      log.error({ err: error }, 'a request with spans failed')
      if (!response.headersSent) answer(500, 'text/plain', 'internal error')
      else response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    addresses: [{ name, url: `${tls ? 'https' : 'http'}://${inUrl(host)}:${address.port}` }],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

export const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

export const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?')[0]!
export const typeOf = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()

export type Refusal = Exclude<Outcome, 'accepted'>

/** What an export came to. */
export interface Taken {
  /** Spans or data points: they count towards the limit of its key. */
  readonly items: number
  /** Of spans. */
  readonly spans?: ScanResult
}

/**
 * Reads the body, hands it on, and says what could not be taken: `answer` is called at most once, with the status and the headers
 * that go with it set.
 * @param refuseWhenFull throws when what comes could not be taken: then it is not read.
 * @param take answers the request itself.
 */
export async function takeBody(
  request: IncomingMessage,
  response: ServerResponse,
  {
    admission,
    access,
    metrics,
    senders,
    transport,
    refuseWhenFull,
  }: Pick<HttpOptions, 'admission' | 'access' | 'metrics' | 'senders'> & {
    transport: Transport
    refuseWhenFull: () => void
  },
  take: (body: Body) => Promise<Taken>,
  answer: (status: number, why: Refusal, text: string) => void,
): Promise<void> {
  const startedAt = performance.now()
  const { socket } = request
  const address = socket.remoteAddress ?? ''
  const key = access.keyOf(request.headers)
  const agent = request.headers['user-agent'] ?? ''
  const origin = { transport, client: key?.name || address, byKey: Boolean(key?.name), agent }
  const refuse = (status: number, why: Refusal, text: string) => {
    metrics.request(transport, why)
    senders.add(origin, { outcome: why })
    answer(status, why, text)
  }
  if (!key) {
    response.setHeader('WWW-Authenticate', 'Bearer')
    response.setHeader('Connection', 'close')
    return refuse(401, 'unauthenticated', keyMissing)
  }
  const announced = Number(request.headers['content-length'] ?? 0)
  let body = new Body(announced)
  let admitted: Admitted | undefined
  try {
    refuseWhenFull()
    const sender = { key, address, connection: socket }
    admitted = admission.enter(sender, announced)
    const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase()
    await readBody(request, admitted, body)
    const sentBytes = body.size
    admitted.used({ bytes: sentBytes })
    if (isEncoded(encoding)) {
      const { grow } = admitted
      const whole = await inflated(body.bytes(), encoding, grow)
      body.free()
      body = whole
    }
    metrics.body(transport, sentBytes, body.size)
    const { items, spans } = await take(body)
    admitted.used({ spans: items })
    senders.add(origin, { outcome: 'accepted', bytes: sentBytes, ...(spans && { result: spans }) })
    metrics.request(transport, 'accepted', (performance.now() - startedAt) / 1000)
  } catch (error) {
    if (error instanceof BadBody) {
      // What is left of the body is not read: the connection cannot be used again.
      if (error.status === 413) response.setHeader('Connection', 'close')
      return refuse(error.status, 'malformed', error.message)
    }
    if (error instanceof MalformedError) return refuse(400, 'malformed', error.message)
    if (request.destroyed && !request.complete) return
    const later = error instanceof Overloaded ? error : undefined
    response.setHeader('Retry-After', String(later?.retrySeconds ?? 1))
    // What is left of the body is thrown away as it comes: a client whose connection ends meanwhile may not see why, nor try again.
    request.resume()
    if (later) refuse(429, later.why, later.message)
    else refuse(503, 'unavailable', 'ClickHouse does not take it now')
  } finally {
    body.free()
    admitted?.leave()
  }
}

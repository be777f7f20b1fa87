import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { generateRequest, spansPerTrace } from '../../bench/generate.ts'
import { startCollector } from '../../collector/collector.ts'
import { frame } from '../../collector/receivers/grpc-frames.ts'
import type { Running } from '../../storage/running.ts'
import { nothingWrong, sendTraces, wrongs, type Sent } from '../acknowledged.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** Exporters on bad days: the collector stores what it acknowledged once, lets nobody else wait and gives everything back. */
const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const mebibyte = 2 ** 20
/** As long as a good exporter may have to wait beside bad ones, on a busy machine. */
const promptMs = 5_000
let db: TestEngine
let collector: Running
const sent: Sent[] = []
const open: { destroy(): unknown }[] = []
beforeAll(async () => {
  db = await startEngine()
  const ports = { grpcPort: 0, httpPort: 0, zipkinPort: 0 }
  collector = await startCollector({ clickhouseUrl: db.url, host: '127.0.0.1', ...ports, log: quiet })
})
afterAll(async () => {
  await collector?.close()
  await db?.stop()
})
afterEach(async () => {
  for (const connection of open.splice(0)) connection.destroy()
  await eventually(async () => (await waitingBytes()) === 0)
  const [good] = await send(1)
  expect(good!.status).toBe(200)
  expect(good!.tookMs).toBeLessThan(promptMs)
  expect(await wrongs(db.clickhouse, sent)).toEqual(nothingWrong)
})

const urlOf = (name: string) => new URL(collector.addresses.find((address) => address.name === name)!.url)
const http = () => urlOf('OTLP/HTTP')

async function send(requests: number): Promise<Sent[]> {
  const answered = await Promise.all(Array.from({ length: requests }, () => sendTraces(http().origin)))
  sent.push(...answered)
  return answered
}

/** Of requests that are being read or stored. */
async function waitingBytes(): Promise<number> {
  const text = await (await fetch(`${http().origin}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith('hopscope_collector_waiting_bytes '))
  return Number(line?.split(' ').at(-1))
}

const storedRows = async () =>
  Number((await db.clickhouse.query<{ n: string }>('SELECT count() AS n FROM spans'))[0]!.n)

let seed = 7_000_000
const newRequest = (spans = 120) => {
  const generated = generateRequest(spans, ++seed)
  generated.refresh(Date.now())
  return generated.body
}

async function tcp(url: URL): Promise<Socket> {
  const socket = connectTcp(Number(url.port), url.hostname)
  socket.on('error', () => {})
  open.push(socket)
  await once(socket, 'connect')
  return socket
}

async function grpcSession(): Promise<ClientHttp2Session> {
  const session = connectHttp2(urlOf('OTLP/gRPC').origin)
  session.on('error', () => {})
  open.push(session)
  await once(session, 'connect')
  return session
}

const grpcHeaders = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' }

/** The grpc-status; undefined where there was none. */
async function call(session: ClientHttp2Session, chunks: readonly Uint8Array[]): Promise<unknown> {
  const stream = session.request(grpcHeaders)
  let status: unknown
  const note = (headers: Record<string, unknown>) => (status = headers['grpc-status'] ?? status)
  stream
    .on('response', note)
    .on('trailers', note)
    .on('error', () => {})
  stream.resume()
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await once(stream, 'close')
  return status
}

const head = (length: number | 'chunked') =>
  `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n` +
  (length === 'chunked' ? 'Transfer-Encoding: chunked\r\n\r\n' : `Content-Length: ${length}\r\n\r\n`)

describe('exporters that go away in the middle of a body', () => {
  it('leave nothing behind: no row, no room taken', async () => {
    const before = await storedRows()
    const body = newRequest(6_000)
    const sockets = await Promise.all(Array.from({ length: 40 }, () => tcp(http())))
    for (const socket of sockets)
      socket.write(head(body.length) + body.toString('latin1', 0, body.length >> 1), 'latin1')
    const sessions = await Promise.all(Array.from({ length: 10 }, grpcSession))
    for (const session of sessions) {
      const stream = session.request(grpcHeaders)
      stream.on('error', () => {})
      stream.write(frame(body).subarray(0, body.length >> 1))
    }
    await eventually(async () => (await waitingBytes()) > 20 * body.length)
    for (const connection of [...sockets, ...sessions]) connection.destroy()
    await eventually(async () => (await waitingBytes()) === 0)
    expect(await storedRows()).toBe(before)
  })
})

describe('exporters that send as slowly as they can', () => {
  it('by the hundred, head and body, hold up nobody', async () => {
    const body = newRequest()
    const slow = await Promise.all(Array.from({ length: 300 }, () => tcp(http())))
    for (const [i, socket] of slow.entries()) socket.write(i % 2 === 0 ? 'POST /v1/tr' : head(body.length))
    const session = await grpcSession()
    for (let i = 0; i < 200; i++)
      session
        .request(grpcHeaders)
        .on('error', () => {})
        .write(frame(body).subarray(0, 7))
    for (let round = 0; round < 5; round++) {
      for (const [i, socket] of slow.entries()) socket.write(i % 2 === 0 ? 'a' : body.subarray(round, round + 1))
      const answers = await send(4)
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(promptMs)
      await sleep(50)
    }
  })

  it('and announce what never comes take no memory for it', async () => {
    const before = process.memoryUsage().rss
    const announced = Buffer.alloc(6)
    announced.writeUInt32BE(60 * mebibyte, 1)
    for (let n = 0; n < 3; n++) {
      const session = await grpcSession()
      for (let i = 0; i < 100; i++)
        session
          .request(grpcHeaders)
          .on('error', () => {})
          .write(announced)
    }
    for (let i = 0; i < 100; i++) (await tcp(http())).write(`${head(60 * mebibyte)}x`)
    await eventually(async () => (await waitingBytes()) >= 400)
    expect((await send(2)).map(({ status }) => status)).toEqual([200, 200])
    expect(await waitingBytes()).toBeLessThan(mebibyte)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * mebibyte)
  })
})

describe('exporters that send byte by byte', () => {
  it('are stored whole', async () => {
    const before = await storedRows()
    const body = newRequest(2 * spansPerTrace)
    const socket = await tcp(http())
    socket.setNoDelay(true).write(head('chunked'))
    for (const byte of body)
      socket.write(Buffer.concat([Buffer.from('1\r\n'), Uint8Array.of(byte), Buffer.from('\r\n')]))
    socket.write('0\r\n\r\n')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 200/)
    const bytes = [...frame(newRequest(2 * spansPerTrace))].map((byte) => Uint8Array.of(byte))
    expect(await call(await grpcSession(), bytes)).toBe('0')
    expect(await storedRows()).toBe(before + 4 * spansPerTrace)
  })
})

describe('connections that are used for long', () => {
  it('stay open through good and bad requests, and memory does not grow', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    open.push(agent)
    const sockets = new Set<unknown>()
    const post = (body: Buffer): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
        const posted = request(`${http().origin}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0))
        })
        posted.once('socket', (socket) => sockets.add(socket)).once('error', reject)
        posted.end(body)
      })
    const session = await grpcSession()
    const before = await storedRows()
    const empty = Buffer.alloc(0)
    let rss = 0
    for (let i = 0; i < 400; i++) {
      if (i === 100) rss = process.memoryUsage().rss
      const bad = Buffer.from([0x0a, 0x05, 0x00])
      const [one, two] = i % 20 === 0 ? [newRequest(12), newRequest(12)] : i % 3 === 0 ? [bad, bad] : [empty, empty]
      const right = one === bad ? [400, '3'] : [200, '0']
      expect(await Promise.all([post(one), call(session, [frame(two)])])).toEqual(right)
    }
    expect(sockets.size).toBe(1)
    expect(session.destroyed).toBe(false)
    expect(await storedRows()).toBe(before + 2 * 20 * 12)
    expect(process.memoryUsage().rss - rss).toBeLessThan(150 * mebibyte)
  })
})

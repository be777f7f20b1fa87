import { Agent, request as httpRequest } from 'node:http'
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import { frame } from '../../collector/receivers/grpc-frames.ts'
import type { Running } from '../../storage/running.ts'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Expected } from './expect.ts'
import type { Kind } from './fuzz.ts'
import { otlpJson } from './fuzz-json.ts'
import { otlp } from './fuzz-otlp.ts'
import { zipkinJson, zipkinProtobuf } from './fuzz-zipkin.ts'
import { mutatedFrames } from './mutate-http2.ts'
import { mutatedBytes } from './mutate-protobuf.ts'
import { newRandom, type Random } from './random.ts'

/**
 * Mutated requests to all ports of a running collector. Each must be answered, in the words of its protocol, within this time;
 * connections stay in use, and what is stored afterwards is what the specifications say of the requests that were taken.
 */
const answerMs = 20_000
const atOnce = 16

export interface PortsOutcome {
  requests: number
  taken: number
  refused: number
  /** Connections that were closed on broken frames, as HTTP/2 asks. */
  closed: number
  /** What was wrong, with the bodies in hex; empty when all is well. */
  wrong: string[]
}

interface Sent {
  body: Buffer
  encoding: '' | 'gzip' | 'deflate'
  kind: Kind
  type: string
}

const formats: [Kind, string, string][] = [
  [otlp, '/v1/traces', 'application/x-protobuf'],
  [otlpJson, '/v1/traces', 'application/json'],
  [zipkinJson, '/api/v2/spans', 'application/json'],
  [zipkinProtobuf, '/api/v2/spans', 'application/x-protobuf'],
]

function compressed(body: Buffer, random: Random): Pick<Sent, 'body' | 'encoding'> {
  const encoding = random.pick(['', '', 'gzip', 'deflate'] as const)
  if (encoding === '') return { body, encoding }
  const packed = encoding === 'gzip' ? gzipSync(body) : deflateSync(body)
  return { body: random.oneIn(4) ? mutatedBytes(packed, random) : packed, encoding }
}

/** What must become of it; refused when it cannot be unpacked. */
function expectedOfSent({ body, encoding, kind }: Sent): Expected {
  let plain: Buffer
  try {
    plain = encoding === 'gzip' ? gunzipSync(body) : encoding === 'deflate' ? inflateSync(body) : body
  } catch {
    return { verdict: 'refused', rows: [], reasons: {}, sources: [] }
  }
  return kind.expected(plain)
}

export async function fuzzPorts(
  collector: Running,
  clickhouse: ClickHouse,
  seed: number,
  requests: number,
): Promise<PortsOutcome> {
  const url = (name: string) => collector.addresses.find((address) => address.name === name)!.url
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const session = connectHttp2(url('OTLP/gRPC'))
  session.on('error', () => {})
  const mutators = formats.map(([kind]) => kind.mutator(seed))
  const outcome: PortsOutcome = { requests: 0, taken: 0, refused: 0, closed: 0, wrong: [] }
  const rows: string[] = []

  const judge = (sent: Sent, words: 'taken' | 'refused' | (string & {})) => {
    outcome.requests++
    const expected = expectedOfSent(sent)
    const hex = () => `${sent.type} ${sent.encoding} ${sent.body.toString('hex')}`
    if (words === 'taken') {
      outcome.taken++
      if (expected.verdict === 'refused') outcome.wrong.push(`taken: ${hex()}`)
      for (const { ids, start, duration, name } of expected.rows) rows.push(`${ids} ${start} ${duration} ${name}`)
    } else if (words === 'refused') {
      outcome.refused++
      if (expected.verdict === 'taken') outcome.wrong.push(`refused: ${hex()}`)
    } else outcome.wrong.push(`${words}: ${hex()}`)
  }

  const one = async (i: number): Promise<void> => {
    const random = newRandom(seed, i, 3)
    const way = random.int(8)
    if (way === 0) {
      outcome.requests++
      outcome.closed += await brokenFrames(new URL(url('OTLP/gRPC')), random)
      return
    }
    if (way < 4) {
      const sent: Sent = { ...compressed(mutators[0]!(i), random), kind: otlp, type: 'grpc' }
      return judge(sent, await call(session, sent))
    }
    const at = random.pick([0, 0, 1, 2, 3])
    const [kind, path, type] = formats[at]!
    const sent: Sent = { ...compressed(mutators[at]!(i), random), kind, type: `${path} ${type}` }
    judge(sent, await post(`${url(at < 2 ? 'OTLP/HTTP' : 'Zipkin')}${path}`, agent, sent, type, random))
  }

  try {
    for (let begin = 0; begin < requests && outcome.wrong.length === 0; begin += atOnce)
      await Promise.all(Array.from({ length: Math.min(atOnce, requests - begin) }, (_, n) => one(begin + n)))
    if (session.destroyed) outcome.wrong.push('the gRPC connection was closed')
  } finally {
    session.destroy()
    agent.destroy()
  }
  if (outcome.wrong.length === 0) outcome.wrong.push(...(await storedOtherwise(clickhouse, rows)))
  return outcome
}

/** @returns `taken`, `refused` or what is no proper answer. */
function post(url: string, agent: Agent, sent: Sent, type: string, random: Random): Promise<string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': type, ...(sent.encoding && { 'content-encoding': sent.encoding }) }
    const posted = httpRequest(url, { method: 'POST', agent, headers, timeout: answerMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', () => resolve('cut off'))
      response.once('end', () => {
        const { statusCode } = response
        if (statusCode === 200 || statusCode === 202) resolve('taken')
        else if (statusCode === 400 || statusCode === 413) resolve('refused')
        else resolve(`answered ${statusCode} ${Buffer.concat(chunks).toString()}`)
      })
    })
    posted.once('timeout', () => posted.destroy(new Error('no answer in time')))
    posted.once('error', (error) => resolve(error.message))
    // In chunks of any size.
    for (let at = 0; at < sent.body.length;) {
      const size = random.oneIn(10) ? 1 + random.int(3) : 1 + random.int(sent.body.length)
      posted.write(sent.body.subarray(at, at + size))
      at += size
    }
    posted.end()
  })
}

const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

function call(session: ClientHttp2Session, sent: Sent): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({
      ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
      ...(sent.encoding && { 'grpc-encoding': sent.encoding }),
    })
    let status: unknown
    const note = (headers: Record<string, unknown>) => (status = headers['grpc-status'] ?? status)
    stream
      .on('response', note)
      .on('trailers', note)
      .on('error', () => {})
    stream.setTimeout(answerMs, () => stream.close(constants.NGHTTP2_CANCEL))
    stream.once('close', () =>
      resolve(status === '0' ? 'taken' : status === '3' || status === '8' ? 'refused' : `status ${String(status)}`),
    )
    stream.resume()
    const message = frame(sent.body)
    if (sent.encoding) message[0] = 1
    stream.end(message)
  })
}

/** A conversation of HTTP/2 that is none: 1 when the collector closed it, 0 when it went on. */
function brokenFrames({ hostname, port }: URL, random: Random): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(port), hostname)
    let timer: NodeJS.Timeout | undefined
    const done = (closed: number) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(closed)
    }
    socket.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? reject(error) : done(1)))
    socket.once('close', () => done(1))
    socket.resume()
    socket.once('connect', () => {
      socket.write(mutatedFrames(random))
      // Nothing says that an answer must come; that the others are answered says that nothing hangs.
      timer = setTimeout(() => done(0), 50)
    })
  })
}

/** How the rows in ClickHouse differ from those that were expected. */
async function storedOtherwise(clickhouse: ClickHouse, rows: readonly string[]): Promise<string[]> {
  // As bytes: names that are no UTF-8 would come as ClickHouse makes text of them, which is not how JavaScript does.
  const stored = await clickhouse.query<{ row: string; name: string }>(`
    SELECT concat(lower(hex(trace_id)), ' ', lower(hex(span_id)), ' ', lower(hex(parent_id)), ' ',
      toString(toUnixTimestamp64Nano(start)), ' ', toString(duration)) AS row, hex(name) AS name FROM spans`)
  const counts = new Map<string, number>()
  const add = (row: string, n: number) => counts.set(row, (counts.get(row) ?? 0) + n)
  for (const { row, name } of stored) add(`${row} ${Buffer.from(name, 'hex').toString()}`, 1)
  for (const row of rows) add(row, -1)
  return [...counts]
    .filter(([, n]) => n !== 0)
    .map(([row, n]) => `stored ${n > 0 ? 'too often' : 'too rarely'}: ${row}`)
}

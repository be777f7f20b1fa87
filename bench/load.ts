import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:http2'
import { parseArgs, promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { frame } from '../collector/receivers/grpc-frames.ts'
import { generateRequest, type GeneratedRequest } from './generate.ts'

/**
 * A load generator in a process of its own. Every connection (a stream of one HTTP/2 connection for four, with --grpc)
 * sends its next request as soon as the last was answered, or with --rate when it is due for so many spans a second in all;
 * an answer then takes from that moment. Prints what was acknowledged as one line of JSON.
 */
const { values } = parseArgs({
  options: {
    http: { type: 'string', default: '' },
    grpc: { type: 'string', default: '' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '16' },
    spans: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '0' },
    gzip: { type: 'boolean', default: false },
  },
})
const connections = Number(values.connections)
const compress = promisify(gzip)

/** true: acknowledged. false: to be sent again. @throws Error for every other answer. */
type Send = (body: Buffer) => Promise<boolean>

function overHttp(url: string): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return async (body) => {
    const sent = values.gzip ? await compress(body, { level: 1 }) : body
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-length': sent.length,
      ...(values.gzip && { 'content-encoding': 'gzip' }),
    }
    const status = await new Promise<number>((resolve, reject) => {
      const posted = httpRequest(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
      })
      posted.once('error', reject)
      posted.end(sent)
    })
    if (status !== 200 && status !== 429 && status !== 503) throw new Error(`answered ${status}`)
    return status === 200
  }
}

const streamsPerConnection = 4
/** Ends the connections. */
let done = () => {}

function overGrpc(url: string): Send {
  const sessions = Array.from({ length: Math.ceil(connections / streamsPerConnection) }, () =>
    connect(url, { maxSessionMemory: 1000 }),
  )
  done = () => sessions.forEach((session) => session.close())
  let next = 0
  return async (body) => {
    const message = frame(values.gzip ? await compress(body, { level: 1 }) : body)
    if (values.gzip) message[0] = 1
    const status = await new Promise<string>((resolve, reject) => {
      const stream = sessions[next++ % sessions.length]!.request({
        ':method': 'POST',
        ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        'content-type': 'application/grpc',
        ...(values.gzip && { 'grpc-encoding': 'gzip' }),
        te: 'trailers',
      })
      let said = ''
      for (const event of ['response', 'trailers'])
        stream.on(event, (headers: Record<string, string>) => (said = headers['grpc-status'] ?? said))
      stream.once('error', reject)
      stream.once('close', () => resolve(said))
      stream.resume().end(message)
    })
    if (status !== '0' && status !== '8' && status !== '14') throw new Error(`answered ${status}`)
    return status === '0'
  }
}

const send = values.grpc ? overGrpc(values.grpc) : overHttp(values.http)
const requests = Array.from({ length: connections }, (_, n) =>
  generateRequest(Number(values.spans), process.pid * 1000 + n),
)
// From here on: making the bodies is no part of the load.
const startedAt = performance.now()
const cpuBefore = process.cpuUsage()
const endAt = startedAt + Number(values.seconds) * 1000
let acknowledged = 0
let retried = 0
const latencies: number[] = []

/** ms between the requests of one connection; 0: none. */
const everyMs = Number(values.rate) > 0 ? (connections * requests[0]!.spans * 1000) / Number(values.rate) : 0

async function connection(generated: GeneratedRequest, n: number): Promise<void> {
  for (let due = startedAt + (everyMs * n) / connections; performance.now() < endAt; due += everyMs) {
    if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, due - performance.now()))
    generated.refresh(Date.now())
    const from = everyMs > 0 ? due : performance.now()
    while (!(await send(generated.body))) {
      retried++
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    latencies.push(performance.now() - from)
    acknowledged += generated.spans
  }
}

await Promise.all(requests.map(connection))
done()
const { user, system } = process.cpuUsage(cpuBefore)
const took = (performance.now() - startedAt) / 1000
latencies.sort((a, b) => a - b)
const at = (q: number) => latencies[Math.ceil(q * latencies.length) - 1] ?? 0
console.log(
  JSON.stringify({
    acknowledged,
    retried,
    seconds: took,
    cpuSeconds: (user + system) / 1e6,
    ackMsP50: at(0.5),
    ackMsP99: at(0.99),
  }),
)

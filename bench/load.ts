import { Agent, request } from 'node:http'
import { generateRequest, type GeneratedRequest } from './generate.ts'

/**
 * A load generator in a process of its own: `node load.js URL SECONDS CONNECTIONS SPANS_PER_REQUEST`. Every connection
 * sends its next request as soon as the last was answered. Prints what was acknowledged as one line of JSON.
 */
const [url = '', seconds = '10', connections = '16', spansPerRequest = '2000'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })
const bodies = Array.from({ length: Number(connections) }, (_, n) =>
  generateRequest(Number(spansPerRequest), process.pid * 1000 + n),
)
// From here on: making the bodies is no part of the load.
const startedAt = performance.now()
const cpuBefore = process.cpuUsage()
const endAt = startedAt + Number(seconds) * 1000
let acknowledged = 0
let requests = 0
let retried = 0

function post(body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const sent = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

async function connection(generated: GeneratedRequest): Promise<void> {
  while (performance.now() < endAt) {
    generated.refresh(Date.now())
    for (;;) {
      const status = await post(generated.body)
      if (status === 200) break
      if (status !== 429 && status !== 503) throw new Error(`answered ${status}`)
      retried++
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    acknowledged += generated.spans
    requests++
  }
}

await Promise.all(bodies.map(connection))
const { user, system } = process.cpuUsage(cpuBefore)
const took = (performance.now() - startedAt) / 1000
console.log(JSON.stringify({ acknowledged, requests, retried, seconds: took, cpuSeconds: (user + system) / 1e6 }))

import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'node:http'
import { generateRequest } from '../../bench/generate.ts'
import { FieldCursor } from '../../storage/protobuf.ts'

/**
 * Sends spans over OTLP/HTTP and remembers what became of each request: `node kill-sender URL SPANS [PAUSE_MS]`. Half of its
 * connections send again what was not acknowledged, as OTLP asks of exporters, the other half never do. Ends sooner when it
 * is told anything. Tells its parent how many spans were acknowledged, and in the end about every request.
 */
export type SenderMessage = { acknowledged: number } | { requests: SentRequest[] }

export interface SentRequest {
  /** 32 hex digits each; all spans of a trace are in the same request. */
  traceIds: string[]
  attempts: number
  acknowledged: boolean
}

const spansPerRequest = 1200
const connections = 8

/** The pause makes the load long enough for something to happen in it. */
const [url = '', spans = '0', pauseMs = '150'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: connections })
const sent: SentRequest[] = []
let acknowledged = 0
let ending = false
process.once('message', () => (ending = true))

/** The status of the answer; 0 when there was none. */
function post(body: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const options = { method: 'POST', agent, headers, timeout: 30_000 }
    const posted = request(`${url}/v1/traces`, options, (response) => {
      response.once('error', () => resolve(0))
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    posted.once('timeout', () => posted.destroy(new Error('no answer')))
    posted.once('error', () => resolve(0))
    posted.end(body)
  })
}

function traceIdsOf(body: Buffer): string[] {
  const ids = new Set<string>()
  const each = (from: number, to: number, field: number, visit: (f: FieldCursor) => void): void => {
    const f = new FieldCursor(body, from, to)
    while (f.next()) if (f.field === field) visit(f)
  }
  each(0, body.length, 1, (resource) =>
    each(resource.from, resource.to, 2, (scope) =>
      each(scope.from, scope.to, 2, (span) =>
        each(span.from, span.to, 1, (id) => ids.add(body.toString('hex', id.from, id.to))),
      ),
    ),
  )
  return [...ids]
}

async function connection(n: number): Promise<void> {
  const generated = generateRequest(spansPerRequest, process.pid * 1000 + n)
  const retries = n % 2 === 0
  while (!ending && acknowledged < Number(spans)) {
    generated.refresh(Date.now())
    const one: SentRequest = { traceIds: traceIdsOf(generated.body), attempts: 0, acknowledged: false }
    sent.push(one)
    do {
      if (one.attempts++ > 0) await sleep(100)
      const status = await post(generated.body)
      if (status !== 0 && status !== 200 && status !== 503) throw new Error(`answered ${status}`)
      one.acknowledged = status === 200
    } while (retries && !ending && !one.acknowledged)
    if (one.acknowledged) acknowledged += generated.spans
    process.send!({ acknowledged } satisfies SenderMessage)
    await sleep(Number(pauseMs))
  }
}

await Promise.all(Array.from({ length: connections }, (_, n) => connection(n)))
process.send!({ requests: sent } satisfies SenderMessage, () => process.disconnect())

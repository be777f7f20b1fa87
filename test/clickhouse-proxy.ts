import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What happens to a statement on its way to ClickHouse: it gets there; nobody is there (`refuse`); it arrives and the answer is lost
 * (`lose`) or cut off in the middle (`cut`); it is kept (`hold`) until the fault is taken back, and lost then; it arrives so many ms
 * later, even when who sent it is gone by then; it is answered by somebody else, with a status and the code of a ClickHouse exception.
 */
export type Fault = 'pass' | 'refuse' | 'lose' | 'cut' | 'hold' | number | Refusal

export interface Refusal {
  readonly status: number
  readonly code?: number
  readonly text: string
}

export interface ClickHouseProxy {
  /** As that of the ClickHouse behind it. */
  url: string
  /** Decides over every statement; the text of an INSERT is without its data. */
  fault(of: (statement: string) => Fault): void
  /** Statements that were kept, delayed or whose answers were lost, since the last `fault`. */
  hit(): number
  close(): Promise<void>
}

/** A way to ClickHouse on which things go wrong. */
export async function startClickHouseProxy(target: string): Promise<ClickHouseProxy> {
  const { hostname, port, pathname } = new URL(target)
  // A connection that ClickHouse ends while it is idle would be a fault that nobody asked for.
  const agent = new Agent({ keepAlive: false })
  let faultOf: (statement: string) => Fault = () => 'pass'
  let hits = 0
  let held: IncomingMessage[] = []

  const forward = (incoming: IncomingMessage, body: Buffer) =>
    new Promise<{ response: IncomingMessage; answer: Buffer }>((resolve, reject) => {
      const { method, headers, url } = incoming
      const { 'transfer-encoding': _, ...kept } = headers
      const options = { hostname, port, path: url, method, agent, headers: { ...kept, 'content-length': body.length } }
      const outgoing = request(options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('end', () => resolve({ response, answer: Buffer.concat(chunks) }))
        response.once('error', reject)
      })
      outgoing.once('error', reject)
      outgoing.end(body)
    })

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const statement = new URL(incoming.url ?? '', 'http://proxy').searchParams.get('query') ?? body.toString()
    const fault = faultOf(statement)
    if (fault === 'refuse') return void incoming.socket.destroy()
    if (fault === 'hold') {
      hits++
      held.push(incoming)
      return
    }
    if (typeof fault === 'object') {
      hits++
      outgoing.writeHead(fault.status, fault.code ? { 'x-clickhouse-exception-code': String(fault.code) } : {})
      return void outgoing.end(fault.text)
    }
    if (typeof fault === 'number') {
      hits++
      await sleep(fault)
    }
    const { response, answer } = await forward(incoming, body)
    if (fault === 'lose') {
      hits++
      return void incoming.socket.destroy()
    }
    if (fault === 'cut') {
      hits++
      outgoing.writeHead(response.statusCode ?? 500, { 'content-length': answer.length + 100 })
      outgoing.write('{', () => incoming.socket.destroy())
      return
    }
    const { 'transfer-encoding': _, ...headers } = response.headers
    outgoing.writeHead(response.statusCode ?? 500, { ...headers, 'content-length': answer.length })
    outgoing.end(answer)
  }

  // Parameters are in the address, of which proxies take no more.
  const server = createServer({ maxHeaderSize: 8192 }, (incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    fault(of) {
      faultOf = of
      hits = 0
      for (const { socket } of held) socket.destroy()
      held = []
    },
    hit: () => hits,
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A fault of INSERTs into these tables alone; all others pass. */
export const insertsInto =
  (tables: RegExp, fault: Fault) =>
  (statement: string): Fault => {
    const [, table = ''] = /^\s*INSERT INTO (\w+)/.exec(statement) ?? []
    return tables.test(table) ? fault : 'pass'
  }

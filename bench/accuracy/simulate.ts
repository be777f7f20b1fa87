import type { Random } from './random.ts'
import { bodyUs, spanId, spansOf, type Exchange, type MadeSpan, type Process, type Proxy, type Sdk } from './spans.ts'

/** An application on the way of a request, and what it calls: groups one after the other, calls of a group side by side. */
export interface App {
  readonly sdk: Sdk
  readonly process: Process
  readonly calls: readonly (readonly Route[])[]
}

/** Proxies, then what they lead to: one application, or several routes where the last proxy fans out. */
export interface Route {
  readonly proxies: readonly Proxy[]
  readonly to: App | readonly Route[]
}

/** What really happened in one traversal of one proxy, ns: what a packet capture and the proxy's own clock would say. */
export interface Made {
  readonly proxy: Proxy
  /** Of its spans; empty where it emits none. */
  readonly spanIds: readonly string[]
  /** From the first packet of the request to the last of the answer, less all exchanges upstream. */
  readonly ownNs: number
  /** Between reading and passing on by its own clock, and each way of it. */
  readonly inProcessNs: number
  readonly requestNs: number
  readonly responseNs: number
}

export interface MadeRequest {
  readonly traceId: string
  readonly spans: readonly MadeSpan[]
  readonly proxies: readonly Made[]
  readonly root: MadeSpan
}

/** Delays, us. Nothing here is known to the analysis. */
const delays = {
  /** From the packet until the process has been woken and has read it. */
  wake: (random: Random) => random.tail(15, 60),
  /** From the decision to send until the packet is out. */
  write: (random: Random) => random.tail(4, 10),
  request: (random: Random) => random.tail(40, 150),
  response: (random: Random) => random.tail(25, 90),
  between: (random: Random) => random.tail(1200, 1500),
  dispatch: (random: Random) => random.tail(200, 150),
  wire: (random: Random, isSameNode: boolean) => (isSameNode ? random.tail(6, 6) : random.tail(35, 60)),
}

/**
 * Plays one request through a route.
 * @param client who sends it, with a CLIENT span; undefined: somebody without spans.
 * @param work what becomes of the time that a proxy takes between reading and passing on, us.
 */
export function simulate(
  random: Random,
  route: Route,
  client: Process | undefined,
  work: (us: number, proxy: Proxy) => number = (us) => us,
): MadeRequest {
  const spans: MadeSpan[] = []
  const proxies: Made[] = []

  /** @returns when the last packet of the answer leaves, and the outermost span. */
  const serve = (route: Route, at: number, arrive: number, parent: string): Served => {
    const proxy = route.proxies[at]
    if (proxy)
      return pass(proxy, arrive, parent, at + 1 < route.proxies.length ? [{ route, at: at + 1 }] : behind(route))
    if (Array.isArray(route.to)) throw new Error('a fan-out needs a proxy')
    return answer(route.to as App, arrive, parent)
  }
  const behind = (route: Route): Next[] =>
    Array.isArray(route.to)
      ? (route.to as readonly Route[]).map((inner) => ({ route: inner, at: 0 }))
      : [{ route, at: route.proxies.length }]

  /** A call from one process to the next element of a route. */
  const call = ({ route, at }: Next, from: Process, sent: number, parent: string) => {
    const next = route.proxies[at]?.process ?? (route.to as App).process
    const wire = () => delays.wire(random, from.node === next.node)
    const out = sent + delays.write(random)
    const { leave, span } = serve(route, at, out + wire(), parent)
    const back = leave + wire()
    return { out, back, read: back + delays.wake(random), span }
  }

  const pass = (proxy: Proxy, arrive: number, parent: string, next: readonly Next[]): Served => {
    const id = spanId(random)
    const from = arrive + delays.wake(random)
    const isPair = proxy.sends === 'server + upstream' || proxy.sends === 'server + backends'
    const isSilent = proxy.sends === 'nothing'
    const passed = next.map((one, i) => {
      const sent = from + Math.round(work(delays.request(random) + 20 * i, proxy))
      const upId = isPair ? spanId(random) : isSilent ? parent : id
      return { sent, upId, ...call(one, proxy.process, sent, upId) }
    })
    const exchanges = passed.map(({ upId, sent, read, span }): Exchange => {
      return { id: upId, from: sent, to: read, behind: span }
    })
    const last = Math.max(...passed.map(({ read }) => read))
    const first = Math.min(...passed.map(({ sent }) => sent))
    const read = last + (proxy.family === 'krakend' ? bodyUs : 0)
    const to = read + Math.round(work(delays.response(random), proxy))
    const leave = to + delays.write(random)
    const made = spansOf(proxy, { id, parent, from, to }, exchanges)
    spans.push(...made)
    const body = proxy.family === 'krakend' ? bodyUs : 0
    proxies.push({
      proxy,
      spanIds: made.map((span) => span.id),
      ownNs: 1000 * (leave - arrive - union(passed.map(({ out, back }) => [out, back]))),
      inProcessNs: 1000 * (to - from - union(exchanges.map((one) => [one.from, one.to + body]))),
      requestNs: 1000 * (first - from),
      responseNs: 1000 * (to - read),
    })
    // Where it emits nothing, what is behind it seems to be called by who called it.
    return { leave, span: made[0] ?? passed[0]?.span }
  }

  const answer = ({ sdk, process, calls }: App, arrive: number, parent: string): Served => {
    const id = spanId(random)
    // A WSGI server starts its span late.
    const from = arrive + delays.wake(random) + (sdk === 'flask' ? random.tail(300, 400) : 0)
    const waits: MadeSpan[][] = []
    let now = from
    for (const group of calls) {
      now += delays.dispatch(random)
      const clients = group.map((route, i) => clientCall(route, process, now + i * random.below(80), id))
      waits.push(clients)
      now = Math.max(...clients.map((client) => client.to))
    }
    const to = now + delays.between(random)
    // Node ends its span up to a millisecond after the answer has left.
    const leave = sdk === 'node' ? to - random.below(900) : to + delays.write(random)
    if (sdk === 'none') return { leave, span: undefined }
    const attributes = { 'http.request.method': 'GET', 'http.response.status_code': '200' }
    const span: MadeSpan = { id, parent, process, kind: 2, name: 'GET /', from, to, attributes, waits }
    spans.push(span)
    return { leave, span }
  }

  const clientCall = (route: Route, process: Process, from: number, parent: string): MadeSpan => {
    const id = spanId(random)
    const { read, span } = call({ route, at: 0 }, process, from, id)
    const attributes = { 'http.request.method': 'GET', 'http.response.status_code': '200' }
    const waits = span ? [[span]] : []
    const made: MadeSpan = { id, parent, process, kind: 3, name: 'GET', from, to: read, attributes, waits }
    spans.push(made)
    return made
  }

  const root = client ? clientCall(route, client, 0, '') : serve(route, 0, 0, '').span
  if (!root) throw new Error('a request without a span')
  return { traceId: `5${random.hex(31)}`, spans, proxies, root }
}

interface Served {
  leave: number
  span: MadeSpan | undefined
}
interface Next {
  route: Route
  at: number
}

function union(intervals: readonly (readonly [number, number])[]): number {
  let covered = 0
  let end = -Infinity
  for (const [from, to] of [...intervals].sort((a, b) => a[0] - b[0])) {
    covered += Math.max(0, to - Math.max(from, end))
    end = Math.max(end, to)
  }
  return covered
}

/** Who had the request, ns by span id: of calls side by side it waited for the one that ended last. */
export function pathOf(root: MadeSpan): Map<string, number> {
  const path = new Map<string, number>()
  const walk = (span: MadeSpan): void => {
    let own = span.to - span.from
    for (const group of span.waits) {
      const last = group.reduce((late, one) => (one.to > late.to ? one : late))
      own -= last.to - last.from
      walk(last)
    }
    if (own > 0) path.set(span.id, 1000 * own)
  }
  walk(root)
  return path
}

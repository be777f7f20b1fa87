/**
 * Traces for tests, drawn as tables: T1 of algorithms.md section 2 with its worked figures ("T1-nodes"), and a gateway
 * that tries twice (the retry of T4 inside an Istio-like hop). Times in microseconds; no product code imports this.
 */
import type {
  Fidelity,
  Measure,
  Role,
  SegmentClass,
  SpanKind,
  WireHop,
  WireProxy,
  WireSpan,
  WireTrace,
} from './wire.ts'

const us = 1000
const base = 1_700_000_000_000_000_000n

export const exact = (at: number): Measure => ({
  ns: at * us,
  loNs: at * us,
  hiNs: at * us,
  fidelity: 'exact',
  reasons: [],
})
export const bounded = (lo: number, hi: number | null, ...reasons: string[]): Measure => ({
  ns: null,
  loNs: lo * us,
  hiNs: hi === null ? null : hi * us,
  fidelity: 'bounded',
  reasons,
})
export const modelled = (at: number, lo: number, hi: number): Measure => ({
  ns: at * us,
  loNs: lo * us,
  hiNs: hi * us,
  fidelity: 'modelled',
  reasons: ['modeled'],
})
export const unknown = (...reasons: string[]): Measure => ({
  ns: null,
  loNs: null,
  hiNs: null,
  fidelity: 'unknown',
  reasons,
})

export const idOf = (name: string): string =>
  [...name]
    .map((c) => c.charCodeAt(0).toString(16).padStart(2, '0'))
    .join('')
    .padStart(16, '0')
    .slice(-16)

type SpanRow = [
  id: string,
  parent: string,
  service: string,
  role: Role,
  kind: SpanKind,
  name: string,
  from: number,
  to: number,
]

function spanOf([id, parent, service, role, kind, name, from, to]: SpanRow): WireSpan {
  const start = String(base + BigInt(from * us))
  return {
    spanId: idOf(id),
    parentSpanId: parent && idOf(parent),
    service,
    name,
    kind,
    role,
    proxyFamily: role === 'app' ? '' : role === 'gateway' ? 'krakend' : 'istio',
    startUnixNano: start,
    placedStartUnixNano: start,
    durationNs: (to - from) * us,
    self: unknown(),
    status: 'unset',
    attributes: {},
    resource: { 'service.name': service },
    events: [],
    links: [],
    scope: { name: 'example', version: '1' },
    flags: [],
  }
}

function proxyOf(ids: string, role: Role, name: string, added: Measure, overhead: Measure): WireProxy {
  const spanIds = ids.split(' ').map(idOf)
  return {
    spanId: spanIds[0]!,
    spanIds,
    proxyId: idOf(name),
    name,
    family: role === 'gateway' ? 'krakend' : 'istio',
    role,
    instance: `${name}-1`,
    overhead,
    requestPath: unknown('single_span_proxy'),
    responsePath: unknown('single_span_proxy'),
    added,
    retry: { attempts: 1, backoffNs: 0, wastedNs: 0 },
    connectNs: null,
    fanOut: null,
    localReply: false,
    flags: [],
  }
}

type SegmentRow = [segmentClass: SegmentClass, owner: string, at: number, fidelity: Fidelity]

function hopOf(
  kind: WireHop['kind'],
  caller: [string, string] | null,
  callee: [string, string] | null,
  via: string,
  transit: number,
  segments: SegmentRow[],
): WireHop {
  const end = (at: [string, string] | null) => at && { service: at[0], spanId: idOf(at[1]) }
  return {
    hopId: idOf(`${caller?.[0] ?? ''}>${callee?.[0] ?? ''}`),
    kind,
    caller: end(caller),
    callee: end(callee),
    via: via.split(' ').filter(Boolean).map(idOf),
    transit: exact(transit),
    segments: segments.map(([segmentClass, owner, at, fidelity]) => ({
      class: segmentClass,
      ownerSpanId: idOf(owner),
      ns: at * us,
      fidelity,
    })),
  }
}

type PathRow = [owner: string, segmentClass: SegmentClass, from: number, to: number]

function pathOf(rows: PathRow[]): WireTrace['criticalPath'] {
  return rows.map(([owner, segmentClass, from, to]) => ({
    spanId: idOf(owner),
    class: segmentClass,
    leg: 'self',
    startUnixNano: String(base + BigInt(from * us)),
    ns: (to - from) * us,
  }))
}

const noTax = { lowerNs: 0, upperNs: 0, estimateNs: null, share: 0 }

/** A gateway of two spans, sidecars of one span each, three applications that call each other in turn. */
export function t1(): WireTrace {
  const spans = (
    [
      ['g', '', 'krakend-edge', 'gateway', 'server', '/checkout', 0, 12000],
      ['gu', 'g', 'krakend-edge', 'gateway', 'client', '/checkout', 300, 11800],
      ['p1', 'gu', 'checkout.shop', 'sidecar-inbound', 'server', 'checkout:8080/*', 500, 11600],
      ['A', 'p1', 'checkout', 'app', 'server', 'POST /checkout', 750, 11450],
      ['c1', 'A', 'checkout', 'app', 'client', 'GET', 1750, 6750],
      ['o1', 'c1', 'checkout.shop', 'sidecar-outbound', 'client', 'cart:8080/*', 1800, 6700],
      ['i1', 'o1', 'cart.shop', 'sidecar-inbound', 'server', 'cart:8080/*', 2200, 6400],
      ['B', 'i1', 'cart', 'app', 'server', 'GET /cart', 2450, 6300],
      ['c2', 'A', 'checkout', 'app', 'client', 'POST', 7250, 10950],
      ['o2', 'c2', 'checkout.shop', 'sidecar-outbound', 'client', 'pay:8080/*', 7310, 10890],
      ['i2', 'o2', 'pay.shop', 'sidecar-inbound', 'server', 'pay:8080/*', 7700, 10600],
      ['C', 'i2', 'pay', 'app', 'server', 'POST /pay', 7950, 10500],
    ] satisfies SpanRow[]
  ).map(spanOf)
  const gateway = proxyOf('g gu', 'gateway', 'krakend-edge', bounded(500, null, 'open_upper'), exact(500))
  gateway.requestPath = exact(300)
  gateway.responsePath = exact(200)
  const single = (hi: number) => bounded(0, hi, 'single_span_proxy')
  return {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    startUnixNano: String(base),
    durationNs: 12000 * us,
    rootService: 'krakend-edge',
    rootName: '/checkout',
    settled: true,
    flags: [],
    spans,
    proxies: [
      gateway,
      proxyOf('p1', 'sidecar-inbound', 'checkout', modelled(400, 0, 800), single(400)),
      proxyOf('o1', 'sidecar-outbound', 'checkout', bounded(0, 800), single(700)),
      proxyOf('i1', 'sidecar-inbound', 'cart', modelled(350, 0, 1050), single(350)),
      proxyOf('o2', 'sidecar-outbound', 'checkout', bounded(0, 800), single(680)),
      proxyOf('i2', 'sidecar-inbound', 'pay', modelled(350, 0, 1030), single(350)),
    ],
    hops: [
      hopOf('entry', null, ['checkout', 'A'], 'g p1', 1300, [
        ['gateway.proc', 'g', 500, 'exact'],
        ['wire', 'gu', 400, 'exact'],
        ['proxy.in', 'p1', 400, 'bounded'],
      ]),
      hopOf('internal', ['checkout', 'c1'], ['cart', 'B'], 'o1 i1', 1150, [
        ['loopback', 'c1', 100, 'exact'],
        ['proxy.out+wire', 'o1', 700, 'bounded'],
        ['proxy.in', 'i1', 350, 'bounded'],
      ]),
      hopOf('internal', ['checkout', 'c2'], ['pay', 'C'], 'o2 i2', 1150, [
        ['loopback', 'c2', 120, 'exact'],
        ['proxy.out+wire', 'o2', 680, 'bounded'],
        ['proxy.in', 'i2', 350, 'bounded'],
      ]),
    ],
    queueWaits: [],
    criticalPath: pathOf([
      ['g', 'gateway.proc', 0, 300],
      ['gu', 'wire', 300, 500],
      ['p1', 'proxy.in', 500, 750],
      ['A', 'app', 750, 1750],
      ['c1', 'loopback', 1750, 1800],
      ['o1', 'proxy.out+wire', 1800, 2200],
      ['i1', 'proxy.in', 2200, 2450],
      ['B', 'app', 2450, 6300],
      ['i1', 'proxy.in', 6300, 6400],
      ['o1', 'proxy.out+wire', 6400, 6700],
      ['c1', 'loopback', 6700, 6750],
      ['A', 'app', 6750, 7250],
      ['c2', 'loopback', 7250, 7310],
      ['o2', 'proxy.out+wire', 7310, 7700],
      ['i2', 'proxy.in', 7700, 7950],
      ['C', 'app', 7950, 10500],
      ['i2', 'proxy.in', 10500, 10600],
      ['o2', 'proxy.out+wire', 10600, 10890],
      ['c2', 'loopback', 10890, 10950],
      ['A', 'app', 10950, 11450],
      ['p1', 'proxy.in', 11450, 11600],
      ['gu', 'wire', 11600, 11800],
      ['g', 'gateway.proc', 11800, 12000],
    ]),
    tax: {
      mesh: { lowerNs: 0, upperNs: 2700 * us, estimateNs: null, share: 0.225 },
      gateway: { lowerNs: 500 * us, upperNs: 500 * us, estimateNs: 500 * us, share: 500 / 12000 },
    },
  }
}

/** A client, an egress gateway whose first attempt fails and whose second waits 150 us, the callee. */
export function retried(): WireTrace {
  const spans = (
    [
      ['A', '', 'checkout', 'app', 'server', 'POST /checkout', 0, 1400],
      ['c', 'A', 'checkout', 'app', 'client', 'POST', 100, 1300],
      ['e', 'c', 'mesh-egress', 'gateway', 'server', 'egress', 200, 1200],
      ['r1', 'e', 'mesh-egress', 'gateway', 'client', 'router pay egress', 300, 500],
      ['r2', 'e', 'mesh-egress', 'gateway', 'client', 'router pay egress', 650, 1100],
      ['P', 'r2', 'pay', 'app', 'server', 'POST /charge', 700, 1050],
    ] satisfies SpanRow[]
  ).map(spanOf)
  const failed = spans[3]!
  failed.status = 'error'
  failed.attributes = { 'http.status_code': '503', response_flags: 'UF' }
  const egress = proxyOf('e r1 r2', 'gateway', 'mesh-egress', bounded(200, 500), exact(200))
  egress.requestPath = exact(100)
  egress.responsePath = exact(100)
  egress.retry = { attempts: 2, backoffNs: 150 * us, wastedNs: 200 * us }
  return {
    ...t1(),
    durationNs: 1400 * us,
    rootService: 'checkout',
    rootName: 'POST /checkout',
    spans,
    proxies: [egress],
    hops: [
      hopOf('internal', ['checkout', 'c'], ['pay', 'P'], 'e', 850, [
        ['wire', 'c', 200, 'exact'],
        ['gateway.proc', 'e', 200, 'exact'],
        ['retry', 'e', 350, 'exact'],
        ['wire', 'r2', 100, 'exact'],
      ]),
    ],
    queueWaits: [],
    criticalPath: pathOf([
      ['A', 'app', 0, 100],
      ['c', 'wire', 100, 200],
      ['e', 'gateway.proc', 200, 300],
      ['r1', 'retry', 300, 500],
      ['e', 'retry', 500, 650],
      ['r2', 'wire', 650, 700],
      ['P', 'app', 700, 1050],
      ['r2', 'wire', 1050, 1100],
      ['e', 'gateway.proc', 1100, 1200],
      ['c', 'wire', 1200, 1300],
      ['A', 'app', 1300, 1400],
    ]),
    tax: { mesh: noTax, gateway: noTax },
  }
}

/** A root with `count` children in a row, each calling nobody: for what must stay fast. */
export function wide(count: number): WireTrace {
  const rows: SpanRow[] = [['A', '', 'batch', 'app', 'server', 'POST /batch', 0, count * 10]]
  for (let i = 0; i < count; i++) {
    rows.push([`w${i}`, 'A', 'batch', 'app', 'internal', `item ${i}`, i * 10, i * 10 + 8])
  }
  return {
    ...t1(),
    durationNs: count * 10 * us,
    rootService: 'batch',
    rootName: 'POST /batch',
    spans: rows.map(spanOf),
    proxies: [],
    hops: [],
    queueWaits: [],
    criticalPath: pathOf([['A', 'app', 0, count * 10]]),
    tax: { mesh: noTax, gateway: noTax },
  }
}

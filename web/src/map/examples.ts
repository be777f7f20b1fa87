/** Maps for tests, drawn as ways: `clients > edge* > cart` goes through the gateway edge; `pay' > ...` names a sidecar of pay. */
import type { MapHop, MapProxy } from '../../../server/api/contract-map.ts'
import type { Role } from '../../../server/api/contract.ts'
import { nothingKnown } from '../hop/metrics.ts'
import { distribution } from '../overview/example.ts'

export interface Example {
  readonly hops: MapHop[]
  readonly proxies: Map<string, MapProxy>
}

/** 16 hex digits that only the text decides. */
export function idOf(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const char of text) hash = ((hash ^ BigInt(char.codePointAt(0)!)) * 0x100000001b3n) & 0xffffffffffffffffn
  return hash.toString(16).padStart(16, '0')
}

const place = { environment: '', cluster: 'eu', namespace: '' }

function proxyOf(word: string): MapProxy {
  const role: Role = word.endsWith('*') ? 'gateway' : word.endsWith("'") ? 'sidecar-inbound' : 'waypoint'
  const name = word.replace(/[*'^]$/, '')
  return {
    ...place,
    id: idOf(word),
    name,
    family: role === 'gateway' ? 'krakend' : 'istio',
    role,
    workload: name,
    requests: 9_000,
    errors: 0,
    errorRate: 0,
    added: [distribution(9_000, [1, 1, 2, 3, name.length])],
    overhead: [{ ...distribution(9_000, [0.5, 0.6, 0.7, 1, 2]), fidelity: 'bounded' }],
    coverage: 1,
  }
}

/** One way a line. `_` at an end: nobody there sends spans. The earlier, the more requests. */
export function exampleMap(ways: string): Example {
  const proxies = new Map<string, MapProxy>()
  const lines = ways
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const hops = lines.map((line, i): MapHop => {
    const words = line.split('>').map((word) => word.trim())
    const [caller, callee] = [words[0]!, words.at(-1)!].map((word) => (word === '_' ? '' : word)) as [string, string]
    const via = words.slice(1, -1).map((word) => {
      const proxy = proxyOf(word)
      proxies.set(proxy.id, proxy)
      return proxy.id
    })
    const requests = 10_000 - i
    return {
      ...place,
      id: idOf(line),
      kind: caller === '' ? 'entry' : callee === '' ? 'exit' : 'internal',
      caller,
      callee,
      via,
      requests,
      errors: 0,
      errorRate: 0,
      transit: callee === '' ? nothingKnown : distribution(requests, [1, 2, 3, 4, 5 + i]),
      wire: nothingKnown,
    }
  })
  return { hops, proxies }
}

/** So many services in eight tiers and hops between them, with circles, self-calls and a gateway before every fifth. Always the same. */
export function largeMap(services: number, hops: number): Example {
  let state = 42
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below
  const name = (i: number) => `svc-${String(i).padStart(3, '0')}`
  const tier = Math.ceil(services / 8)
  /** One of the next tier or of the one after; rarely of any before. */
  const ahead = (from: number) =>
    random(100) < 3
      ? random(from + 1)
      : Math.min(services - 1, (Math.floor(from / tier) + 1 + random(2)) * tier + random(tier))
  const ways = new Set<string>()
  for (let i = 0; i < services / 5; i++) ways.add(`_ > edge* > ${name(i)}`)
  const call = (from: number, to: number) => ways.add(`${name(from)} > ${name(to)}' > ${name(to)}`)
  for (let i = tier; i < services; i++) call((Math.floor(i / tier) - 1) * tier + random(tier), i)
  while (ways.size < hops) {
    const from = random(services)
    call(from, ahead(from))
  }
  return exampleMap([...ways].join('\n'))
}

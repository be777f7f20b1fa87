import type { Interval } from './intersection.ts'

/** An accepted estimate: lo <= clock(to) - clock(from) <= up, ns, held by m of n exchanges. */
export interface Edge extends Interval {
  readonly from: string
  readonly to: string
  readonly n: number
  readonly m: number
}

export interface Network {
  /** Tightest bounds of clock(to) - clock(from); undefined where nothing connects the two. */
  readonly between: (from: string, to: string) => Interval | undefined
  /** Estimates that contradicted others and had the fewest exchanges behind them. */
  readonly dropped: readonly Edge[]
}

/** All pairs cost n^3: more clocks than this in one component are tightened over one clock between only. */
const mostNodes = 300

interface Arc {
  readonly from: number
  readonly to: number
  /** clock(to) - clock(from) <= most. */
  readonly most: number
  readonly edge: Edge
}

/**
 * Combines both directions of each pair and what third clocks say about it (algorithms.md section 4, "tighten"): differences
 * of clocks add up, so the tightest upper bound between two is the shortest path between them.
 */
export function tighten(edges: readonly Edge[]): Network {
  const names = [...new Set(edges.flatMap(({ from, to }) => [from, to]))].sort()
  const indexOf = new Map(names.map((name, index) => [name, index]))
  const dropped: Edge[] = []
  let arcs = edges.flatMap((edge): Arc[] => {
    const from = indexOf.get(edge.from)!
    const to = indexOf.get(edge.to)!
    return [
      { from, to, most: edge.up, edge },
      { from: to, to: from, most: -edge.lo, edge },
    ]
  })
  for (;;) {
    const cycle = negativeCycle(names.length, arcs)
    if (cycle === null) break
    const worst = cycle.map(({ edge }) => edge).reduce((least, edge) => (weaker(edge, least) ? edge : least))
    dropped.push(worst)
    arcs = arcs.filter(({ edge }) => edge !== worst)
  }
  const component = componentsOf(names.length, arcs)
  const members = new Map<number, number[]>()
  component.forEach((top, node) => members.set(top, [...(members.get(top) ?? []), node]))
  const upper = new Map<number, (from: number, to: number) => number>()
  for (const [top, nodes] of members) {
    const inside = arcs.filter(({ from }) => component[from] === top)
    upper.set(top, nodes.length <= mostNodes ? allPairs(nodes, inside) : overOneBetween(inside))
  }
  return {
    dropped,
    between(fromName, toName) {
      const from = indexOf.get(fromName)
      const to = indexOf.get(toName)
      if (from === undefined || to === undefined || component[from] !== component[to]) return undefined
      const most = upper.get(component[from]!)!
      const [lo, up] = [-most(to, from), most(from, to)]
      return Number.isFinite(lo) && Number.isFinite(up) ? { lo, up } : undefined
    },
  }
}

const weaker = (a: Edge, b: Edge): boolean => (a.m !== b.m ? a.m < b.m : `${a.from}\n${a.to}` < `${b.from}\n${b.to}`)

/** Bellman-Ford: arcs around which the bounds sum to less than 0, which no clocks can have; null without. */
function negativeCycle(nodes: number, arcs: readonly Arc[]): Arc[] | null {
  const distance = new Float64Array(nodes)
  const by: (Arc | undefined)[] = new Array<Arc | undefined>(nodes)
  let moved: Arc | undefined
  for (let round = 0; round <= nodes; round++) {
    moved = undefined
    for (const arc of arcs) {
      if (distance[arc.from]! + arc.most >= distance[arc.to]! - 1e-6) continue
      distance[arc.to] = distance[arc.from]! + arc.most
      by[arc.to] = arc
      moved = arc
    }
    if (moved === undefined) return null
  }
  let node = moved!.to
  for (let i = 0; i < nodes; i++) node = by[node]!.from
  const cycle: Arc[] = []
  for (let at = node; cycle.length === 0 || at !== node; at = by[at]!.from) cycle.push(by[at]!)
  return cycle
}

function componentsOf(nodes: number, arcs: readonly Arc[]): number[] {
  const top = Array.from({ length: nodes }, (_, node) => node)
  const find = (node: number): number => {
    while (top[node] !== node) node = top[node] = top[top[node]!]!
    return node
  }
  for (const { from, to } of arcs) top[find(from)] = find(to)
  return top.map((_, node) => find(node))
}

/** Floyd-Warshall. */
function allPairs(nodes: readonly number[], arcs: readonly Arc[]): (from: number, to: number) => number {
  const size = nodes.length
  const place = new Map(nodes.map((node, index) => [node, index]))
  const most = new Float64Array(size * size).fill(Infinity)
  for (let i = 0; i < size; i++) most[i * size + i] = 0
  for (const arc of arcs) {
    const cell = place.get(arc.from)! * size + place.get(arc.to)!
    most[cell] = Math.min(most[cell]!, arc.most)
  }
  for (let k = 0; k < size; k++)
    for (let i = 0; i < size; i++) {
      const first = most[i * size + k]!
      if (first === Infinity) continue
      for (let j = 0; j < size; j++) {
        const over = first + most[k * size + j]!
        if (over < most[i * size + j]!) most[i * size + j] = over
      }
    }
  return (from, to) => most[place.get(from)! * size + place.get(to)!]!
}

function overOneBetween(arcs: readonly Arc[]): (from: number, to: number) => number {
  const out = new Map<number, Map<number, number>>()
  for (const { from, to, most } of arcs) {
    const row = out.get(from) ?? new Map<number, number>()
    out.set(from, row)
    row.set(to, Math.min(row.get(to) ?? Infinity, most))
  }
  return (from, to) => {
    let least = out.get(from)?.get(to) ?? Infinity
    for (const [between, most] of out.get(from) ?? [])
      least = Math.min(least, most + (out.get(between)?.get(to) ?? Infinity))
    return least
  }
}

/**
 * Where the nodes of a layered graph stand, from edge to leaf, and how links run between them. A pure function of names and links:
 * the same graph gives the same picture, traffic has no say in it, and what is added takes a place between the others.
 *
 * Layers are longest ways from the sources. The order within a layer is that in which a walk in depth, by name, meets the nodes:
 * fewer crossings could be had by sweeps, but then one new node would shuffle all others. Heights follow the neighbours.
 */
import { backLinks } from './circles.ts'
import { backRoute, forwardRoute, loopRoute, type Route } from './route.ts'
import { rowGap, settle, type Item } from './settle.ts'

/** px of the drawing at 100 %. */
export interface Box {
  readonly id: string
  /** What nodes are ordered by. */
  readonly name: string
  readonly width: number
  readonly height: number
  /** In the first layer, whatever it calls. */
  readonly first?: boolean
}

export interface Wire {
  readonly id: string
  readonly from: string
  readonly to: string
  /** px between two columns next to each other that its figure and beads take. */
  readonly room?: number
}

export interface Place {
  /** Left edge. */
  readonly x: number
  /** Middle. */
  readonly y: number
  readonly width: number
  readonly height: number
  readonly layer: number
}

export interface Layout {
  readonly places: ReadonlyMap<string, Place>
  readonly routes: ReadonlyMap<string, Route>
  /** Left edge of each layer. */
  readonly layerXs: readonly number[]
  readonly width: number
  readonly height: number
}

const leastGap = 120
/** Room for a link that passes by. */
const passHeight = 16
/** Above this many links those that skip layers run straight: making room for each would make the picture twice as high. */
const mostPassing = 300
/** px above a node for a loop to itself. */
const loopRoom = 34
const leastColumnHeight = 1_100

export function layoutOf(boxes: readonly Box[], wires: readonly Wire[]): Layout {
  const sorted = [...boxes].sort(byName)
  const place = new Map(sorted.map((box, i) => [box.id, i]))
  const known = wires.filter(({ from, to }) => place.has(from) && place.has(to))
  const loops = new Set(known.filter(({ from, to }) => from === to).map(({ from }) => from))
  const ahead = outgoing(sorted, known, place)
  const order = walk(sorted, ahead)
  const back = backLinks(order, ahead, new Map(order.map((id, i) => [id, i])))
  const forward = known.filter(({ id, from, to }) => from !== to && !back.has(id))
  const layers = layersOf(sorted, forward)
  const { items, chains } = itemsOf({ sorted, ahead, order, forward, layers, loops, back })
  const columns = columnsOf(items)
  for (let pass = 0; pass < 8; pass++) settle(columns, pass % 2 === 0)
  return drawn({ sorted, known, items, chains, columns, back, layers })
}

const byName = (a: Box, b: Box): number =>
  Number(b.first ?? false) - Number(a.first ?? false) || compare(a.name, b.name) || compare(a.id, b.id)

/** By code units: the order must not depend on the reader's language. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function outgoing(sorted: readonly Box[], wires: readonly Wire[], place: ReadonlyMap<string, number>) {
  const ahead = new Map<string, Wire[]>(sorted.map(({ id }) => [id, []]))
  for (const wire of wires) if (wire.from !== wire.to) ahead.get(wire.from)!.push(wire)
  for (const list of ahead.values()) list.sort((a, b) => place.get(a.to)! - place.get(b.to)! || compare(a.id, b.id))
  return ahead
}

/** In depth from what nothing calls, then from what is left: ids in the order of meeting. */
function walk(sorted: readonly Box[], ahead: ReadonlyMap<string, readonly Wire[]>): string[] {
  const order = new Set<string>()
  const called = new Set([...ahead.values()].flatMap((wires) => wires.map(({ to }) => to)))
  const begin = (root: string) => {
    const stack = [root]
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (order.has(id)) continue
      order.add(id)
      for (const { to } of ahead.get(id)!.toReversed()) if (!order.has(to)) stack.push(to)
    }
  }
  for (const { id } of sorted) if (!called.has(id)) begin(id)
  for (const { id } of sorted) begin(id)
  return [...order]
}

/** Longest way from a source; a source other than clients stands right before the first that it calls. */
function layersOf(sorted: readonly Box[], forward: readonly Wire[]): Map<string, number> {
  const [into, out] = [new Map<string, Wire[]>(), new Map<string, Wire[]>()]
  const left = new Map<string, number>()
  for (const { id } of sorted) for (const map of [into, out]) map.set(id, [])
  for (const wire of forward) {
    into.get(wire.to)!.push(wire)
    out.get(wire.from)!.push(wire)
    left.set(wire.to, (left.get(wire.to) ?? 0) + 1)
  }
  const hasFirst = sorted.some(({ first }) => first)
  const layers = new Map<string, number>()
  const queue = sorted.filter(({ id }) => !left.has(id))
  for (const { id, first } of queue) layers.set(id, hasFirst && !first ? 1 : 0)
  const ids = queue.map(({ id }) => id)
  for (let i = 0; i < ids.length; i++)
    for (const { to } of out.get(ids[i]!)!) {
      layers.set(to, Math.max(layers.get(to) ?? 0, layers.get(ids[i]!)! + 1))
      left.set(to, left.get(to)! - 1)
      if (left.get(to) === 0) ids.push(to)
    }
  for (const { id, first } of sorted) {
    const next = out.get(id)!.map(({ to }) => layers.get(to)!)
    if (!first && into.get(id)!.length === 0 && next.length > 0) layers.set(id, Math.min(...next) - 1)
  }
  return layers
}

interface Drafted {
  readonly sorted: readonly Box[]
  readonly ahead: ReadonlyMap<string, readonly Wire[]>
  readonly order: readonly string[]
  readonly forward: readonly Wire[]
  readonly layers: ReadonlyMap<string, number>
  readonly loops: ReadonlySet<string>
  readonly back: ReadonlySet<string>
}

/** Nodes in the order of the walk; right behind each the rooms for what it sends past the next layers. */
function itemsOf({ sorted, ahead, order, forward, layers, loops, back }: Drafted) {
  const boxes = new Map(sorted.map((box) => [box.id, box]))
  const items = new Map<string, Item>()
  const chains = new Map<string, Item[]>()
  const rooms = forward.length <= mostPassing
  let at = 0
  const add = (id: string, layer: number, height: number, width: number, passes: boolean): Item => {
    const item = { id, layer, height, width, passes, order: at++, before: [], after: [], column: 0, y: 0 }
    items.set(id, item)
    return item
  }
  for (const id of order) {
    const { height, width } = boxes.get(id)!
    const layer = layers.get(id)!
    add(id, layer, height + (loops.has(id) ? 2 * loopRoom : 0), width, false)
    for (const wire of ahead.get(id)!) {
      const until = back.has(wire.id) || !rooms ? layer : layers.get(wire.to)!
      const chain: Item[] = []
      for (let between = layer + 1; between < until; between++)
        chain.push(add(`${wire.id}@${between}`, between, passHeight, 0, true))
      chains.set(wire.id, chain)
    }
  }
  for (const wire of forward) {
    const way = [items.get(wire.from)!, ...chains.get(wire.id)!, items.get(wire.to)!]
    way.forEach((item, i) => {
      if (i > 0) item.before.push(way[i - 1]!)
      if (i < way.length - 1) item.after.push(way[i + 1]!)
    })
  }
  return { items, chains }
}

/** Each layer from the top down; one that would be far higher than the whole is wide stands in several columns. */
function columnsOf(items: ReadonlyMap<string, Item>): Item[][] {
  const all = [...items.values()].sort((a, b) => a.layer - b.layer || a.order - b.order)
  const total = all.reduce((sum, { height }) => sum + height + rowGap, 0)
  const wanted = Math.sqrt((total * 330) / 1.6)
  // In steps, so that a column does not break elsewhere with every new node.
  let highest = leastColumnHeight
  while (highest < wanted) highest *= 1.5
  const columns: Item[][] = []
  let [layer, height] = [-1, 0]
  for (const item of all) {
    if (item.layer !== layer || height + item.height > highest) {
      columns.push([])
      layer = item.layer
      height = 0
    }
    const column = columns.at(-1)!
    item.column = columns.length - 1
    item.y = height + item.height / 2
    height += item.height + rowGap
    column.push(item)
  }
  for (const column of columns) {
    const middle = (column[0]!.y + column.at(-1)!.y) / 2
    for (const item of column) item.y -= middle
  }
  return columns
}

interface Settled {
  readonly sorted: readonly Box[]
  readonly known: readonly Wire[]
  readonly items: ReadonlyMap<string, Item>
  readonly chains: ReadonlyMap<string, readonly Item[]>
  readonly columns: readonly Item[][]
  readonly back: ReadonlySet<string>
  readonly layers: ReadonlyMap<string, number>
}

function drawn({ sorted, known, items, chains, columns, back, layers }: Settled): Layout {
  const top = Math.min(0, ...columns.flatMap((column) => column.map(({ y, height }) => y - height / 2)))
  const [xs, widths, layerXs] = [[] as number[], [] as number[], [] as number[]]
  const gaps = gapsOf(known, items, columns.length)
  let x = 0
  columns.forEach((column, i) => {
    const width = Math.max(...column.map((item) => item.width))
    layerXs[column[0]!.layer] ??= x
    xs.push(x)
    widths.push(width)
    x += width + (i < columns.length - 1 ? gaps[i]! : 0)
  })
  const places = new Map<string, Place>()
  for (const { id, width, height } of sorted) {
    const { column, y } = items.get(id)!
    places.set(id, { x: xs[column]!, y: y - top, width, height, layer: layers.get(id)! })
  }
  const passing = (id: string) =>
    (chains.get(id) ?? []).map(({ column, y }) => ({ x: xs[column]!, y: y - top, width: widths[column]! }))
  const ports = portsOf(known, places, (id) => passing(id))
  const routes = new Map<string, Route>()
  let lowest = Math.max(0, ...[...places.values()].map(({ y, height }) => y + height / 2))
  for (const { id, from, to } of known) {
    const [start, end] = [places.get(from)!, places.get(to)!]
    if (from === to) routes.set(id, loopRoute(start))
    else if (back.has(id)) {
      const under = Math.max(start.y + start.height / 2, end.y + end.height / 2) + 20
      lowest = Math.max(lowest, under)
      routes.set(id, backRoute(start, end, under))
    } else routes.set(id, forwardRoute({ start, end, ...ports.get(id)!, passing: passing(id) }))
  }
  return { places, routes, layerXs, width: x, height: lowest }
}

/** px behind each column: what the links from it to the next one need. */
function gapsOf(wires: readonly Wire[], items: ReadonlyMap<string, Item>, columns: number): number[] {
  const gaps = Array.from({ length: columns }, () => leastGap)
  for (const { from, to, room = 0 } of wires) {
    const [start, end] = [items.get(from)!.column, items.get(to)!.column]
    if (end === start + 1) gaps[start] = Math.max(gaps[start]!, room)
  }
  return gaps
}

/** How far above or below its middle a link leaves a node, and arrives: spread along the side, in the order of the other ends. */
function portsOf(
  wires: readonly Wire[],
  places: ReadonlyMap<string, Place>,
  passing: (id: string) => readonly { y: number }[],
): Map<string, { leaves: number; arrives: number }> {
  const ports = new Map<string, { leaves: number; arrives: number }>(
    wires.map(({ id }) => [id, { leaves: 0, arrives: 0 }]),
  )
  const sides = [
    {
      end: 'leaves',
      node: (wire: Wire) => wire.from,
      other: (wire: Wire) => passing(wire.id)[0] ?? places.get(wire.to)!,
    },
    {
      end: 'arrives',
      node: (wire: Wire) => wire.to,
      other: (wire: Wire) => passing(wire.id).at(-1) ?? places.get(wire.from)!,
    },
  ] as const
  for (const { end, node, other } of sides) {
    const byNode = new Map<string, Wire[]>()
    for (const wire of wires) {
      if (wire.from !== wire.to) byNode.set(node(wire), [...(byNode.get(node(wire)) ?? []), wire])
    }
    for (const [id, mine] of byNode) {
      const sorted = mine.toSorted((a, b) => other(a).y - other(b).y || compare(a.id, b.id))
      const apart = Math.min(14, (places.get(id)!.height - 14) / Math.max(1, sorted.length - 1))
      sorted.forEach((wire, i) => (ports.get(wire.id)![end] = (i - (sorted.length - 1) / 2) * apart))
    }
  }
  return ports
}

/** Where labels of links stand, so that none covers another one, a bead or a node. */
import { boxOf, type DrawnLink, type Drawing } from './drawing.ts'
import { labelOfLink, type Label } from './figures.ts'
import type { MapLink } from './graph.ts'
import type { Model } from './model.ts'
import { pointAlong, type Point } from './route.ts'
import { meets, type Bounds } from './view.ts'
import { manyErrors } from './words.ts'

export interface Labelled {
  readonly link: MapLink
  /** undefined: there is nothing to say but errors. */
  readonly label: Label | undefined
  /** Middle; undefined: there is no room for it. */
  readonly point: Point | undefined
  /** px. */
  readonly width: number
  /** The more, the sooner it is shown. */
  readonly weight: number
}

/** So many at once, those that weigh most: more could neither be read nor moved smoothly. */
export const mostLabels = 120

/** The links that have something to say, where they say it. @param dim ids of links that are not what is looked for. */
export function labelsOf({ graph, asked }: Model, drawing: Drawing, dim: ReadonlySet<string>): Labelled[] {
  const labelled = graph.links.flatMap((link) => {
    const label = labelOfLink(link, asked)
    if (!label && link.errorRate < manyErrors) return []
    const weight = (dim.has(link.id) ? 0 : 1e15) + (label?.figure ? (label.figure.ns ?? 0) + 1 : link.requests)
    return [{ link, label, width: widthOf(link, label), weight }]
  })
  const points = placeLabels(
    drawing,
    labelled.map(({ link, width, weight }) => ({ id: link.id, width, weight })),
  )
  return labelled
    .map((each) => ({ ...each, point: points.get(each.link.id) }))
    .sort((a, b) => b.weight - a.weight || (a.link.id < b.link.id ? -1 : 1))
}

/** px, from what stands in it: the layout cannot wait for the page to measure. */
function widthOf({ errorRate }: MapLink, label: Label | undefined): number {
  const { figure, text, among = 1 } = label ?? {}
  const unstated = figure?.known !== undefined ? 82 : 52
  const value = figure ? (figure.ns === null ? unstated : figure.sign ? 42 : 30) + 18 : (text ?? '').length * 6.5
  const median = typeof figure?.medianNs === 'number' ? 36 : 0
  return 16 + value + median + (among > 1 ? 30 : 0) + (errorRate >= manyErrors ? 18 : 0)
}

export interface LabelBox {
  readonly id: string
  /** px of the drawing. */
  readonly width: number
  /** The more, the sooner it gets its place. */
  readonly weight: number
}

export const labelHeight = 24

/** Shares of the way that are tried: the middle first, then towards the end that fewer links share. */
const shares = [0.5, 0.6, 0.4, 0.68, 0.32, 0.76, 0.24]

/** Middles by link. A label that finds no free place is left out. */
export function placeLabels({ layout, links }: Drawing, boxes: readonly LabelBox[]): Map<string, Point> {
  const taken = new Grid()
  for (const place of layout.places.values()) taken.add(boxOf(place))
  for (const { beads } of links) for (const { x, y } of beads) taken.add({ x: x - 7, y: y - 7, width: 14, height: 14 })
  const drawn = new Map(links.map((each) => [each.link.id, each]))
  const ways = countWays(links)
  const placed = new Map<string, Point>()
  for (const { id, width } of boxes.toSorted((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1))) {
    const each = drawn.get(id)
    if (!each) continue
    const isFanIn = ways.into.get(each.link.to)! > ways.out.get(each.link.from)!
    for (const share of shares) {
      const { x, y } = pointAlong(each.route, isFanIn ? 1 - share : share)
      const box = { x: x - width / 2 - 2, y: y - labelHeight / 2 - 2, width: width + 4, height: labelHeight + 4 }
      if (taken.isTaken(box)) continue
      taken.add(box)
      placed.set(id, { x, y })
      break
    }
  }
  return placed
}

function countWays(links: readonly DrawnLink[]) {
  const [into, out] = [new Map<string, number>(), new Map<string, number>()]
  for (const { link } of links) {
    into.set(link.to, (into.get(link.to) ?? 0) + 1)
    out.set(link.from, (out.get(link.from) ?? 0) + 1)
  }
  return { into, out }
}

/** Boxes by squares of the drawing, so that a box is held against those near it only. */
class Grid {
  private readonly cells = new Map<number, Bounds[]>()
  private readonly size = 160

  add(box: Bounds): void {
    for (const key of this.keys(box)) {
      const cell = this.cells.get(key)
      if (cell) cell.push(box)
      else this.cells.set(key, [box])
    }
  }

  isTaken(box: Bounds): boolean {
    return this.keys(box).some((key) => this.cells.get(key)?.some((other) => meets(box, other)))
  }

  private keys({ x, y, width, height }: Bounds): number[] {
    const keys: number[] = []
    for (let column = Math.floor(x / this.size); column * this.size < x + width; column++)
      for (let row = Math.floor(y / this.size); row * this.size < y + height; row++) keys.push(column * 100_003 + row)
    return keys
  }
}

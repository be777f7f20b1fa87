/** How high the nodes of each column stand: near what they are linked to, in their order, and apart. */

/** px between two nodes of a column. */
export const rowGap = 22

/** A node, or the room of a link that passes a layer. */
export interface Item {
  readonly id: string
  readonly height: number
  readonly width: number
  readonly layer: number
  readonly order: number
  readonly passes: boolean
  before: Item[]
  after: Item[]
  column: number
  y: number
}

/** Moves each column's items towards their neighbours, in their order and apart (pool adjacent violators). */
export function settle(columns: readonly Item[][], forwards: boolean): void {
  for (const column of forwards ? columns : columns.toReversed()) {
    const offsets: number[] = []
    column.forEach((item, i) => {
      const before = column[i - 1]
      offsets.push(before ? offsets[i - 1]! + (before.height + item.height) / 2 + rowGap : 0)
    })
    const wanted = column.map((item, i) => wantedY(item) - offsets[i]!)
    // A passing link that is straight is worth more than a node in the middle of its neighbours.
    const weights = column.map(({ passes }) => (passes ? 4 : 1))
    const fitted = ascending(wanted, weights)
    column.forEach((item, i) => (item.y = fitted[i]! + offsets[i]!))
  }
}

function wantedY({ before, after, y }: Item): number {
  const near = [...before, ...after]
  return near.length === 0 ? y : near.reduce((sum, item) => sum + item.y, 0) / near.length
}

/** The nearest ascending sequence, by weighted least squares. */
export function ascending(values: readonly number[], weights: readonly number[]): number[] {
  const pools: { mean: number; weight: number; size: number }[] = []
  values.forEach((value, i) => {
    pools.push({ mean: value, weight: weights[i]!, size: 1 })
    for (let last = pools.at(-1)!, before = pools.at(-2); before && before.mean > last.mean;) {
      const weight = before.weight + last.weight
      const mean = (before.mean * before.weight + last.mean * last.weight) / weight
      pools.splice(-2, 2, { mean, weight, size: before.size + last.size })
      last = pools.at(-1)!
      before = pools.at(-2)
    }
  })
  return pools.flatMap(({ mean, size }) => Array.from({ length: size }, () => mean))
}

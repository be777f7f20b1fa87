import type { Measure } from '../analysis/types.ts'

/** Each word of the columns once, by its place. */
export class Words {
  readonly list: string[] = []
  private readonly places = new Map<string, number>()

  at(word: string): number {
    let place = this.places.get(word)
    if (place === undefined) this.places.set(word, (place = this.list.push(word) - 1))
    return place
  }

  /** Keys and values in turn. */
  pairs(attributes: Iterable<readonly [string, string]>): number[] {
    const places: number[] = []
    for (const [key, value] of attributes) places.push(this.at(key), this.at(value))
    return places
  }

  /** Of what several have as one object: each once, and which one an item has. */
  shared<Item, Entry>(
    items: readonly Item[],
    of: (item: Item) => Entry,
    write: (entry: Entry) => number[],
  ): { column: number[]; entries: number[][] } {
    const places = new Map<Entry, number>()
    const entries: number[][] = []
    const column = items.map((item) => {
      const entry = of(item)
      let place = places.get(entry)
      if (place === undefined) places.set(entry, (place = entries.push(write(entry)) - 1))
      return place
    })
    return { column, entries }
  }

  measures<Item>(items: readonly Item[], of: (item: Item) => Measure) {
    return {
      ns: items.map((item) => {
        const { ns, loNs, hiNs } = of(item)
        return ns === loNs && ns === hiNs ? ns : [ns, loNs, hiNs]
      }),
      level: items.map((item) => this.at(of(item).fidelity)),
      reasons: items.map((item) => this.at(of(item).reasons.join(' '))),
    }
  }
}

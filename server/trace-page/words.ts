import { flagNames } from '../analysis/flags.ts'
import type { Attributes, Measure } from '../analysis/types.ts'
import type { Lists, Measures } from '../api/contract-columns.ts'

/** Each word of the columns once, by its place. */
export class Words {
  readonly list: string[] = []
  private readonly places = new Map<string, number>()
  private readonly flagPlaces = new Map<number, number>()

  at(word: string): number {
    let place = this.places.get(word)
    if (place === undefined) this.places.set(word, (place = this.list.push(word) - 1))
    return place
  }

  /** Several as one, with a space between. */
  together(words: readonly string[]): number {
    return this.at(words.length === 0 ? '' : words.length === 1 ? words[0]! : words.join(' '))
  }

  /** Of a D9 mask. */
  flags(mask: number): number {
    let place = this.flagPlaces.get(mask)
    if (place === undefined) this.flagPlaces.set(mask, (place = this.together(flagNames(mask))))
    return place
  }

  /** Appends keys and values in turn. */
  pairs(attributes: Attributes, to: ListColumn): void {
    for (const key of attributes.keys()) {
      to.add(this.at(key))
      to.add(this.at(attributes.get(key)!))
    }
  }

  /** Of what several have as one object: each once, and which one an item has. */
  shared<Item, Entry>(
    items: readonly Item[],
    of: (item: Item) => Entry,
    write: (entry: Entry, to: ListColumn) => void,
  ): { column: Float64Array; entries: Lists } {
    const places = new Map<Entry, number>()
    const entries = new ListColumn()
    const column = columnOf(items, (item) => {
      const entry = of(item)
      let place = places.get(entry)
      if (place === undefined) {
        write(entry, entries)
        places.set(entry, (place = entries.end() - 1))
      }
      return place
    })
    return { column, entries: entries.lists() }
  }

  measures<Item>(items: readonly Item[], of: (item: Item) => Measure): Measures {
    const make = () => new Float64Array(items.length)
    const columns = { ns: make(), lo: make(), hi: make(), nulls: make(), level: make(), reasons: make() }
    for (let i = 0; i < items.length; i++) {
      const { ns, loNs, hiNs, fidelity, reasons } = of(items[i]!)
      columns.ns[i] = ns ?? 0
      columns.lo[i] = loNs ?? 0
      columns.hi[i] = hiNs ?? 0
      columns.nulls[i] = (ns === null ? 1 : 0) | (loNs === null ? 2 : 0) | (hiNs === null ? 4 : 0)
      columns.level[i] = this.at(fidelity)
      columns.reasons[i] = this.together(reasons)
    }
    return columns
  }
}

/** A number of each item. */
export function columnOf<Item>(items: readonly Item[], of: (item: Item, i: number) => number): Float64Array {
  const column = new Float64Array(items.length)
  for (let i = 0; i < items.length; i++) column[i] = of(items[i]!, i)
  return column
}

/** Lists as they are made: numbers are added, then the entry is ended. */
export class ListColumn {
  private readonly items: number[] = []
  private readonly ends: number[] = []

  add(item: number): void {
    this.items.push(item)
  }
  /** How many entries there are now. */
  end(): number {
    return this.ends.push(this.items.length)
  }
  lists(): Lists {
    return { ends: Float64Array.from(this.ends), items: Float64Array.from(this.items) }
  }
}

/** Several numbers of each item. */
export function listsOf<Item>(items: readonly Item[], write: (item: Item, to: ListColumn) => void): Lists {
  const column = new ListColumn()
  for (const item of items) {
    write(item, column)
    column.end()
  }
  return column.lists()
}

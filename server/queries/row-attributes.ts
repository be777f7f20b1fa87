import type { Attributes } from '../analysis/types.ts'
import type { Maps, Texts } from './native-reader.ts'

/** The keys of a map in their order, once for all rows of a block that have the same. */
interface KeyList {
  readonly keys: readonly string[]
  /** Place of each key's value among the row's; of a key that is there twice the last counts. */
  readonly placeOf: ReadonlyMap<string, number>
}

const nothing: Attributes = new Map()

/** The entries of each row of a Map column; the shared empty ones where there are none. */
export function rowAttributes({ ends, keys, values }: Maps): (row: number) => Attributes {
  const { words, indexes } = keys
  const none: Step = { next: [], list: null }
  const listOf = (from: number, to: number): KeyList => {
    let step = none
    for (let i = from; i < to; i++) step = stepTo(step, indexes[i]!)
    return (step.list ??= keyList(words, indexes, from, to))
  }
  return (row) => {
    const from = row === 0 ? 0 : ends[row - 1]!
    const to = ends[row]!
    return from === to ? nothing : new RowAttributes(listOf(from, to), values, from)
  }
}

/** A tree of the keys that rows have after each other, by their indexes. */
interface Step {
  readonly next: (Step | undefined)[]
  list: KeyList | null
}

const stepTo = ({ next }: Step, index: number): Step => (next[index] ??= { next: [], list: null })

function keyList(words: readonly string[], indexes: ArrayLike<number>, from: number, to: number): KeyList {
  const placeOf = new Map<string, number>()
  for (let i = from; i < to; i++) placeOf.set(words[indexes[i]!]!, i - from)
  return { keys: [...placeOf.keys()], placeOf }
}

/** Attributes of one row as they lie in the answer: a value is decoded when somebody asks for it, which is rare. */
class RowAttributes implements Attributes {
  private readonly list: KeyList
  private readonly texts: Texts
  private readonly from: number

  constructor(list: KeyList, texts: Texts, from: number) {
    this.list = list
    this.texts = texts
    this.from = from
  }
  get size(): number {
    return this.list.keys.length
  }
  get keyList(): readonly string[] {
    return this.list.keys
  }
  get(key: string): string | undefined {
    const place = this.list.placeOf.get(key)
    return place === undefined ? undefined : this.texts.at(this.from + place)
  }
  has(key: string): boolean {
    return this.list.placeOf.has(key)
  }
  keys() {
    return this.list.placeOf.keys()
  }
  values() {
    return this.decoded().values()
  }
  entries() {
    return this.decoded().entries()
  }
  [Symbol.iterator]() {
    return this.decoded().entries()
  }
  forEach(visit: (value: string, key: string, map: ReadonlyMap<string, string>) => void): void {
    this.decoded().forEach((value, key) => visit(value, key, this))
  }
  private decoded(): Map<string, string> {
    return new Map(this.list.keys.map((key) => [key, this.get(key)!]))
  }
}

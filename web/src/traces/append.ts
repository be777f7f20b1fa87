export interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor: string | null
}

/** Two pages of a list that grows may overlap; an item is there once. */
export function appended<Item, List extends Page<Item>>(list: List, next: List, keyOf: (item: Item) => string): List {
  const known = new Set(list.items.map(keyOf))
  return { ...next, items: [...list.items, ...next.items.filter((item) => !known.has(keyOf(item)))] }
}

/** The items in order: themselves where they are already, as siblings by their start mostly are, else a sorted copy. */
export function sorted<T>(items: readonly T[], order: (a: T, b: T) => number): readonly T[] {
  for (let i = 1; i < items.length; i++) if (order(items[i - 1]!, items[i]!) > 0) return [...items].sort(order)
  return items
}

/**
 * Texts that stand for pairs of words, the same string for the same pair: to join two words and hash what comes out costs more
 * than to look both up, and each exchange between two machines asks several times. Bounded.
 */
export function pairKeys(separator = '\n', prefix = '', most = 50_000): (first: string, second: string) => string {
  const known = new Map<string, Map<string, string>>()
  let size = 0
  return (first, second) => {
    let keys = known.get(first)
    let key = keys?.get(second)
    if (key !== undefined) return key
    if (size >= most) {
      known.clear()
      keys = undefined
      size = 0
    }
    if (keys === undefined) known.set(first, (keys = new Map()))
    key = prefix + first + separator + second
    keys.set(second, key)
    size++
    return key
  }
}

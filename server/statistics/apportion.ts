/**
 * Shares of a whole as integers that add up to `total` exactly (largest remainder; the earlier of equals first).
 * @param parts not negative, at least one above 0. @param total an integer.
 */
export function apportion(parts: readonly number[], total: number): number[] {
  const sum = parts.reduce((a, b) => a + b, 0)
  const exact = parts.map((part) => (part / sum) * total)
  const shares = exact.map(Math.floor)
  let left = total - shares.reduce((a, b) => a + b, 0)
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  for (const { index } of byRemainder) {
    if (left-- <= 0) break
    shares[index]!++
  }
  return shares
}

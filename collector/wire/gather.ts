/** Bodies up to this size are put together in one place. */
const scratchBytes = 4 * 2 ** 20
const scratch = Buffer.allocUnsafeSlow(scratchBytes)

/**
 * The parts of a body as one, valid until the next call: a buffer of its own for each body would be most of the collector's
 * garbage, and collecting that a third of its work.
 */
export function gathered(parts: readonly Buffer[]): Buffer {
  if (parts.length === 1) return parts[0]!
  const size = sizeOf(parts)
  if (size > scratchBytes) return Buffer.concat(parts, size)
  let at = 0
  for (const part of parts) at += part.copy(scratch, at)
  return scratch.subarray(0, size)
}

export const sizeOf = (parts: readonly Buffer[]): number => parts.reduce((sum, { length }) => sum + length, 0)

/** How many slots `slotOf` knows: a power of two. */
export const slots = 128

/**
 * A slot for a word, by a hash that costs next to nothing: nearly every word that is asked for is the one that its slot was last asked for,
 * and to compare two engine strings costs a fraction of looking one up in a Map. Names of pods differ near their end, and many end alike.
 */
export function slotOf(text: string): number {
  const { length } = text
  if (length < 3) return length
  const end = text.charCodeAt(length - 1) + 5 * text.charCodeAt(length - 2) + 37 * text.charCodeAt(length - 3)
  return (length + end) & (slots - 1)
}

/**
 * The same text as the engine's one string for it, which it keeps for names of properties: two of these are compared by where they are,
 * two others letter by letter. For words that are made seldom and compared with each span.
 */
export function internalised(text: string): string {
  for (const name in { [text]: 0 }) return name
  return text
}

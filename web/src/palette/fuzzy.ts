/** How well what somebody types fits a text. Pure. */

export interface Fit {
  /** More is better; at a word's beginning more than inside, together more than scattered. */
  readonly score: number
  /** Stretches of the text that were found, in order: [from, to). */
  readonly found: readonly (readonly [number, number])[]
}

const isWordStart = (text: string, at: number) => at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '')

/**
 * All words of `query` have to be in `text`, in any order: as they are, or else their letters in order, close together.
 * null: one is not. An empty query fits everything.
 */
export function fitOf(query: string, text: string): Fit | null {
  const within = text.toLowerCase()
  // Of two texts that fit alike the shorter one has less in it that was not asked for.
  let score = -text.length / 100
  const found: (readonly [number, number])[] = []
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const fit = wholeIn(word, within) ?? scatteredIn(word, within)
    if (!fit) return null
    score += fit.score
    found.push(...fit.found)
  }
  return { score, found: merged(found) }
}

function wholeIn(word: string, text: string): Fit | null {
  let best: Fit | null = null
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const end = at + word.length
    const isWhole = isWordStart(text, at) && (end === text.length || !/[\p{L}\p{N}]/u.test(text[end] ?? ''))
    const score = (at === 0 ? 900 : isWordStart(text, at) ? 800 : 500) + (isWhole ? 100 : 0) - Math.min(at, 50)
    if (!best || score > best.score) best = { score, found: [[at, end]] }
  }
  return best
}

/** Letters further apart than this many times their number are chance. */
const loosest = 3

function scatteredIn(word: string, text: string): Fit | null {
  // One or two letters in order are in almost any text.
  if (word.length < 3) return null
  let best: Fit | null = null
  for (let start = text.indexOf(word[0]!); start !== -1; start = text.indexOf(word[0]!, start + 1)) {
    const found: [number, number][] = []
    let at = start
    for (const letter of word) {
      at = text.indexOf(letter, at)
      if (at === -1) break
      const last = found.at(-1)
      if (last?.[1] === at) last[1]++
      else found.push([at, at + 1])
      at++
    }
    if (at === -1) break
    if (at - start > loosest * word.length) continue
    const score = 300 - 20 * (found.length - 1) + 15 * found.filter(([from]) => isWordStart(text, from)).length
    if (!best || score > best.score) best = { score, found }
  }
  return best
}

function merged(stretches: readonly (readonly [number, number])[]): [number, number][] {
  const out: [number, number][] = []
  for (const [from, to] of stretches.toSorted(([a], [b]) => a - b)) {
    const last = out.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else out.push([from, to])
  }
  return out
}

/** A text in pieces, for marking what was found. */
export function piecesOf(text: string, found: Fit['found']): { text: string; isFound: boolean }[] {
  const pieces: { text: string; isFound: boolean }[] = []
  let at = 0
  for (const [from, to] of found) {
    if (from > at) pieces.push({ text: text.slice(at, from), isFound: false })
    pieces.push({ text: text.slice(from, to), isFound: true })
    at = to
  }
  if (at < text.length) pieces.push({ text: text.slice(at), isFound: false })
  return pieces
}

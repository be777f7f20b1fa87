/** Just enough of a language to tell comment, key and value apart. */
import type { Snippet } from './snippets.ts'

export interface Piece {
  readonly text: string
  readonly kind: 'comment' | 'key' | 'plain'
}

const key: Record<Snippet['language'], RegExp> = {
  yaml: /[\w.@/-]+(?=:(?:\s|$))|"@type"(?=:)/g,
  json: /"[^"]*"(?=\s*:)/g,
  env: /^\w+(?==)/g,
  caddyfile: /^\s*\w+(?=\s)/g,
  sh: /^curl/g,
}

/** The pieces of one line; together they are the line. */
export function piecesOf(line: string, language: Snippet['language']): Piece[] {
  const hash = language === 'json' || language === 'sh' ? -1 : line.search(/(?:^|\s)#/)
  const code = hash < 0 ? line : line.slice(0, hash)
  const pieces: Piece[] = []
  let at = 0
  for (const { 0: text, index } of code.matchAll(key[language])) {
    if (index > at) pieces.push({ text: code.slice(at, index), kind: 'plain' })
    pieces.push({ text, kind: 'key' })
    at = index + text.length
  }
  if (at < code.length) pieces.push({ text: code.slice(at), kind: 'plain' })
  if (hash >= 0) pieces.push({ text: line.slice(hash), kind: 'comment' })
  return pieces
}

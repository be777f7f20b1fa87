/** Find in trace: rows whose name, service, span id or any attribute contains the words, in order of the waterfall. */
import type { Row } from './rows.ts'
import { labelOf } from './labels.ts'

export function findRows(rows: readonly Row[], query: string): number[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  const hits: number[] = []
  rows.forEach((row, at) => {
    const text = textOf(row)
    if (words.every((word) => text.includes(word))) hits.push(at)
  })
  return hits
}

/** The hit after (or before) a row, round the end. */
export function nextHit(hits: readonly number[], from: number, step: 1 | -1): number | null {
  if (hits.length === 0) return null
  if (step === 1) return hits.find((at) => at > from) ?? hits[0]!
  return hits.findLast((at) => at < from) ?? hits[hits.length - 1]!
}

/** Hits are in order, so a row is looked up without a walk. */
export function isAmong(hits: readonly number[], at: number): boolean {
  let [low, high] = [0, hits.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (hits[middle]! < at) low = middle + 1
    else high = middle
  }
  return hits[low] === at
}

/** Places in the answer of all spans that rows show. */
export function spansOf(rows: readonly Row[], at: readonly number[]): ReadonlySet<number> {
  return new Set(at.flatMap((i) => [rows[i]!.span.at, ...rows[i]!.bar.map((span) => span.at)]))
}

const texts = new WeakMap<Row, string>()

function textOf(row: Row): string {
  const known = texts.get(row)
  if (known !== undefined) return known
  const { name, detail, badges } = labelOf(row)
  const parts = [name, detail, ...badges.map((badge) => badge.text)]
  for (const { wire } of new Set([row.span, ...row.bar])) {
    parts.push(wire.name, wire.service, wire.spanId)
    for (const [key, value] of Object.entries(wire.attributes)) parts.push(`${key}=${value}`)
  }
  const text = parts.join('\n').toLowerCase()
  texts.set(row, text)
  return text
}

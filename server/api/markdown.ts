/** Pieces of Markdown. */
import { durationInWords } from '../queries/duration-words.ts'

/** A bar or a line break would end the cell. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
export const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

/** The fence is longer than any within. */
export function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}

export const signed = (ns: number) => `${ns > 0 ? '+' : ns < 0 ? '−' : ''}${durationInWords(Math.abs(ns))}`
export const percent = (share: number) => `${Math.round(1000 * share) / 10} %`
/** `few_samples` → `few samples`. */
export const words = (reasons: readonly string[]) => reasons.join(', ').replaceAll('_', ' ')
export const instant = (unixNano: string) => new Date(Number(BigInt(unixNano) / 1_000_000n)).toISOString()

/** Durations as people type them into a filter, and back. */

const nsOf: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, min: 60e9 }

/** ns of `5ms`, `1.5 s`, `250µs`, `2 min`; without a unit ms are meant. null for what is no duration. */
export function typedNs(text: string): number | null {
  const [, digits, unit = 'ms'] = /^\s*(\d{1,15}(?:[.,]\d{1,9})?)\s*(ns|us|µs|μs|ms|s|min)?\s*$/i.exec(text) ?? []
  if (digits === undefined) return null
  const ns = Math.round(Number(digits.replace(',', '.')) * nsOf[unit.toLowerCase()]!)
  return ns <= Number.MAX_SAFE_INTEGER ? ns : null
}

/** The shortest text that `typedNs` reads as exactly this: `5ms`, `1.5s`, `37ns`. */
export function textOfNs(ns: number): string {
  const unit = ns >= 1e9 && ns % 1e7 === 0 ? 's' : ns >= 1e6 || ns % 1e4 === 0 ? 'ms' : ns >= 1e3 ? 'µs' : 'ns'
  return `${ns / nsOf[unit]!}${unit}`
}

/** Which rules are evaluated at a tick: all, or as many as there is time for, and the others first at the next one. */

/** Series of rules at a tick, about: ten thousand rules of everything would take for ever, and all others would wait for them. */
export const mostLooks = { threshold: 200_000, regression: 60_000 } as const

export interface Turn<Rule> {
  readonly rules: readonly Rule[]
  /** Not evaluated: their alerts hold. */
  readonly leftOut: number
  /** Where to begin next time. */
  readonly next: number
}

/** As many rules from `from` on, round the end, as look at `most` series at most; one at least. @param looksOf about how many series a rule looks at. */
export function turnOf<Rule>(
  rules: readonly Rule[],
  from: number,
  looksOf: (rule: Rule) => number,
  most: number,
): Turn<Rule> {
  const begin = rules.length > 0 ? from % rules.length : 0
  const ordered = [...rules.slice(begin), ...rules.slice(0, begin)]
  let looks = 0
  let taken = 0
  while (taken < ordered.length && (taken === 0 || looks + looksOf(ordered[taken]!) <= most))
    looks += looksOf(ordered[taken++]!)
  const leftOut = ordered.length - taken
  return { rules: ordered.slice(0, taken), leftOut, next: leftOut > 0 ? (begin + taken) % rules.length : 0 }
}

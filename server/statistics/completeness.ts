/** Whether slow traces are incomplete more often: dropping those would then make everything look faster (section 6). */

export interface EntrySpan {
  readonly durationNs: number
  /** Nothing of its trace is missing. */
  readonly complete: boolean
}

export interface Decile {
  /** Durations of its first and last entry span, ns. */
  readonly fromNs: number
  readonly toNs: number
  readonly n: number
  /** Share of complete traces, 0..1. */
  readonly complete: number
}

/** Completeness by tenths of the entry spans' durations, fastest first; fewer than ten where there are fewer spans. */
export function completenessByDecile(entries: readonly EntrySpan[]): Decile[] {
  const sorted = [...entries].sort((a, b) => a.durationNs - b.durationNs)
  return Array.from({ length: 10 }, (_, decile) =>
    sorted.slice(Math.floor((decile * sorted.length) / 10), Math.floor(((decile + 1) * sorted.length) / 10)),
  )
    .filter((some) => some.length > 0)
    .map((some) => ({
      fromNs: some[0]!.durationNs,
      toNs: some.at(-1)!.durationNs,
      n: some.length,
      complete: some.filter(({ complete }) => complete).length / some.length,
    }))
}

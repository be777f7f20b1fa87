/** What many traces taught, by key and time: plain state, bounded. Instants are Unix ms. */

export interface LearnedRow {
  /** Beginning of the window that was learned from. */
  readonly windowMs: number
  /** The job that learned it: of one window the rows of the newest job count. */
  readonly job: bigint
  /** From when on it holds, until a later row does. */
  readonly fromMs: number
}

export interface Timeline<Row extends LearnedRow> {
  add(key: string, row: Row): void
  /** The row that holds at an instant. */
  at(key: string, atMs: number): Row | undefined
}

export function timeline<Row extends LearnedRow>(mostKeys = 20_000, rowsPerKey = 16): Timeline<Row> {
  const known = new Map<string, Row[]>()
  return {
    add(key, row) {
      const rows = known.get(key) ?? []
      if (rows.some(({ windowMs, job }) => windowMs === row.windowMs && job > row.job)) return
      const kept = rows.filter(({ windowMs, job }) => windowMs !== row.windowMs || job === row.job)
      const at = kept.findIndex(({ fromMs }) => fromMs > row.fromMs)
      kept.splice(at < 0 ? kept.length : at, 0, row)
      // The key that was told of longest ago goes first.
      known.delete(key)
      if (known.size >= mostKeys) known.delete(known.keys().next().value!)
      known.set(key, kept.slice(-rowsPerKey))
    },
    at(key, atMs) {
      const rows = known.get(key)
      if (rows === undefined) return undefined
      for (let i = rows.length - 1; i >= 0; i--) if (rows[i]!.fromMs <= atMs) return rows[i]
      return undefined
    },
  }
}

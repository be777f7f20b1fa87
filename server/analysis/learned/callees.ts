import { timeline, type LearnedRow } from './timeline.ts'

/**
 * What lies beyond an edge (section 6): `traced`: its callee leaves spans; `sampled`: so it does, and those below it too, but
 * not of every request; `external`: it leaves none.
 */
export type Callee = 'traced' | 'sampled' | 'external'

/** undefined: not known. `atMs`: Unix ms. */
export type CalleeLookup = (edge: string, atMs: number) => Callee | undefined

export interface CalleeRow extends LearnedRow {
  readonly edge: string
  /** Requests of the hour before that ended well, and for how many of them spans below answered. */
  readonly asked: number
  readonly answered: number
  readonly callee: Callee
}

/** What has not been used for a day is not known any more. */
const longestCarryMs = 24 * 60 * 60_000

export interface CalleeTable {
  add(row: CalleeRow): void
  readonly lookup: CalleeLookup
}

export function calleeTable(mostEdges?: number): CalleeTable {
  const rows = timeline<CalleeRow>(mostEdges)
  return {
    add: (row) => rows.add(row.edge, row),
    lookup(edge, atMs) {
      const row = rows.at(edge, atMs)
      return row && atMs - row.fromMs <= longestCarryMs ? row.callee : undefined
    },
  }
}

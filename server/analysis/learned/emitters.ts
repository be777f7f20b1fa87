import { Flag } from '../flags.ts'
import type { Node } from '../node.ts'
import type { Emitter } from '../recognise/emitter.ts'
import { recast } from '../recognise/recognise.ts'
import { pairKeys } from './pair-keys.ts'
import { timeline, type LearnedRow } from './timeline.ts'

/** How the clock of an application's SDK shows in its spans (algorithms.md 1.3), ns. */
export interface EmitterHabits {
  /** Starts lie on a grid of this. */
  readonly grid: number
  /** Durations do, so that they may be off by as much. */
  readonly coarse: number
  /** How much later than its answer a SERVER span ends, at the 99th percentile; null while not known. */
  readonly slack: number | null
}

export interface EmitterRow extends LearnedRow, EmitterHabits {
  readonly service: string
  readonly scope: string
  /** Spans of the hour. */
  readonly n: number
}

/** undefined: nothing but what is known of the SDK. `atMs`: Unix ms. */
export type EmitterLookup = (service: string, scope: string, atMs: number) => EmitterHabits | undefined

/** Emitter slack σ of scopes that algorithms.md 1.3 does not name. */
export const unknownSlack = 200_000
const longestCarryMs = 24 * 60 * 60_000

export interface EmitterTable {
  add(row: EmitterRow): void
  readonly lookup: EmitterLookup
}

const keyOf = pairKeys()

export function emitterTable(): EmitterTable {
  const rows = timeline<EmitterRow>()
  // Nearly all services have no habits worth a row: they are told by their name alone.
  const services = new Set<string>()
  return {
    add(row) {
      services.add(row.service)
      rows.add(keyOf(row.service, row.scope), row)
    },
    lookup(service, scope, atMs) {
      if (!services.has(service)) return undefined
      const row = rows.at(keyOf(service, scope), atMs)
      return row && atMs - row.fromMs <= longestCarryMs ? row : undefined
    },
  }
}

/** Gives the spans of applications the clocks that many traces have shown them to have. */
export function refineEmitters(order: readonly Node[], lookup: EmitterLookup, atMs: number): void {
  for (const node of order) {
    const { emitter, input } = node
    if (emitter.family !== '') continue
    const habits = lookup(emitter.service, input.scope.name, atMs)
    if (!habits) continue
    node.emitter = refine(emitter, habits)
    if (node.emitter.coarse > 0) node.flags |= Flag.coarseClock
  }
}

/** One object for all spans that share what is known of the SDK, and the habit. */
function refine(emitter: Emitter, habits: EmitterHabits): Emitter {
  const { memo } = emitter
  if (memo.refined?.habits === habits) return memo.refined.emitter
  const { grid, coarse, slack } = habits
  const learnedSlack = emitter.slack === unknownSlack && slack !== null ? slack : emitter.slack
  const refined = recast(emitter, `clock ${grid} ${coarse} ${learnedSlack}`, {
    grid: Math.max(emitter.grid, grid),
    coarse: Math.max(emitter.coarse, coarse),
    slack: learnedSlack,
  })
  memo.refined = { habits, emitter: refined }
  return refined
}

/** The live tail as data: what is shown, what waits while the reader looks, what was held back and what was let go. Pure. */
import type { ExploreRequest, Live } from '../../../server/api/contract-explore.ts'

export interface Tail {
  /** Newest first, at most `mostRows`. */
  readonly rows: readonly ExploreRequest[]
  /** Arrived while it was paused, newest first, as many at most. */
  readonly waiting: readonly ExploreRequest[]
  /** Settled since the start. */
  readonly arrived: number
  /** Of these, beyond what the rate limit lets through. */
  readonly heldBack: number
  /** Of the others, let go to keep the list short. */
  readonly letGo: number
}

export const mostRows = 200
/** Rows of one answer, and ms between two: at most so many a second are shown. */
export const rowsPerAnswer = 20
export const pauseMs = 2_000

export const emptyTail: Tail = { rows: [], waiting: [], arrived: 0, heldBack: 0, letGo: 0 }

function added(to: readonly ExploreRequest[], items: readonly ExploreRequest[]) {
  const all = [...items, ...to]
  return { rows: all.slice(0, mostRows), letGo: Math.max(0, all.length - mostRows) }
}

export function received(tail: Tail, { items, arrived }: Pick<Live, 'items' | 'arrived'>, paused: boolean): Tail {
  const counted = { arrived: tail.arrived + arrived, heldBack: tail.heldBack + arrived - items.length }
  const { rows, letGo } = added(paused ? tail.waiting : tail.rows, items)
  return { ...tail, ...counted, [paused ? 'waiting' : 'rows']: rows, letGo: tail.letGo + letGo }
}

/** What waited comes in. */
export function resumed(tail: Tail): Tail {
  const { rows, letGo } = added(tail.rows, tail.waiting)
  return { ...tail, rows, waiting: [], letGo: tail.letGo + letGo }
}

/** ms to the next try after so many failures in a row. */
export const waitMs = (failures: number): number => Math.min(60_000, pauseMs * 2 ** Math.min(failures, 5))

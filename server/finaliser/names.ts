import { slotOf, slots } from './slots.ts'

/** Names are written again after this long, well before they expire. */
const namesEverySeconds = 86_400
const maxNames = 200_000

/** Which ids have had their names written lately. Seconds. */
export function freshNames() {
  const writtenAt = new Map<string, number>()
  /** Those that were asked for last and are not due; of one instant. */
  const recent = new Array<string>(slots).fill('')
  let recentAt = 0
  return {
    /** Counts as written now when it answers true. */
    isDue(id: string, at: number): boolean {
      if (at !== recentAt) recent.fill('')
      recentAt = at
      const slot = slotOf(id)
      if (recent[slot] === id) return false
      recent[slot] = id
      if (at - (writtenAt.get(id) ?? -Infinity) < namesEverySeconds) return false
      if (writtenAt.size >= maxNames) writtenAt.clear()
      writtenAt.set(id, at)
      return true
    },
  }
}

import { windowMs } from '../../analysis/clock/windows.ts'

/**
 * State by window of five minutes, for the windows that were used last: traces settle nearly in the order of time, but what is
 * replayed may be of any time, so age is counted by use.
 */
export interface Windows<State> {
  /** The state of the window that holds an instant (Unix ms), made when there is none. */
  of(atMs: number): State
  /** The state of the window that begins at `fromMs`, if it is still there. */
  peek(fromMs: number): State | undefined
  /** Window beginnings and states, used longest ago first. */
  readonly entries: () => IterableIterator<[number, State]>
  drop(fromMs: number): void
}

/** An hour and what is being filled. */
const mostWindows = 14

export const windowOf = (atMs: number): number => Math.floor(atMs / windowMs) * windowMs

export function recentWindows<State>(create: () => State): Windows<State> {
  const states = new Map<number, State>()
  /** The one used last: traces come nearly in the order of time. */
  let last: { readonly fromMs: number; readonly state: State } | undefined
  return {
    of(atMs) {
      const fromMs = windowOf(atMs)
      if (last?.fromMs === fromMs) return last.state
      const state = states.get(fromMs) ?? create()
      states.delete(fromMs)
      if (states.size >= mostWindows) states.delete(states.keys().next().value!)
      states.set(fromMs, state)
      last = { fromMs, state }
      return state
    },
    peek: (fromMs) => states.get(fromMs),
    entries: () => states.entries(),
    drop(fromMs) {
      states.delete(fromMs)
      if (last?.fromMs === fromMs) last = undefined
    },
  }
}

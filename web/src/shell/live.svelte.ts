/** Refreshing by itself: every so many ms while the page is in sight. */
import { isAnyLoading, refreshAll } from '../api/resource.svelte.ts'

const state = $state({ everyMs: 0 })
let timer: ReturnType<typeof setInterval> | undefined

/** @param everyMs 0: off. */
export function setLive(everyMs: number): void {
  state.everyMs = everyMs
  clearInterval(timer)
  if (everyMs === 0) return
  refreshAll()
  timer = setInterval(() => {
    // A hidden page asks for nothing, and a slow server is not asked twice at once.
    if (document.visibilityState === 'visible' && !isAnyLoading()) refreshAll()
  }, everyMs)
}

/** Reactive: ms between two refreshes, 0 when off. */
export function liveEvery(): number {
  return state.everyMs
}

/** Refreshing by itself: every so many ms while the page is in sight, less often while the server does not answer. */
import { failures, isAnyLoading, refreshAll } from '../api/resource.svelte.ts'

export const intervalsMs = [5_000, 10_000, 30_000] as const
const longestMs = 300_000

const state = $state({ everyMs: 0, lastEveryMs: 10_000 })
let timer: ReturnType<typeof setTimeout> | undefined
/** When everything was last asked for, `performance.now()`. */
let askedMs = 0

/** @param everyMs 0: off. */
export function setLive(everyMs: number): void {
  state.everyMs = everyMs
  clearTimeout(timer)
  if (everyMs === 0) return
  state.lastEveryMs = everyMs
  refreshAll()
  askedMs = performance.now()
  wait(everyMs)
}

export function toggleLive(): void {
  setLive(state.everyMs > 0 ? 0 : state.lastEveryMs)
}

function wait(ms: number): void {
  timer = setTimeout(() => {
    // What failed since doubled the time that is waited, also this time.
    const leftMs = askedMs + liveWaitMs() - performance.now()
    if (leftMs > 0) return wait(leftMs)
    // A hidden page asks for nothing, and a slow server is not asked twice at once.
    if (document.visibilityState === 'visible' && !isAnyLoading()) refreshAll()
    askedMs = performance.now()
    wait(liveWaitMs())
  }, ms)
}

/** Reactive: ms between two refreshes, 0 when off. */
export function liveEvery(): number {
  return state.everyMs
}

/** Reactive: ms to the next refresh; each failure in a row doubles it. */
export function liveWaitMs(): number {
  return Math.min(longestMs, state.everyMs * 2 ** Math.min(failures(), 10))
}

/** `5 s` */
export const everyInWords = (ms: number): string => `${ms / 1_000}\u202fs`

// Back in sight: what is shown is as old as the absence was long.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && state.everyMs > 0) setLive(state.everyMs)
})

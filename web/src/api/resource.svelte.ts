/** Server data of a component: fetched when its address changes, the last good answer kept while the next one comes. */
import { untrack } from 'svelte'
import type { Problem } from '../../../server/api/contract.ts'
import { ApiError, apiGet } from './get.ts'

export interface Resource<T> {
  /** The last good answer; kept, dimmed by `loading`, while another one is fetched. */
  readonly data: T | undefined
  /** Of the last try; `data` may still hold the answer before. */
  readonly error: Problem | undefined
  readonly loading: boolean
  /** Loading for more than 150 ms with nothing to show: time for a skeleton. */
  readonly slow: boolean
  /** Unix ms of the last good answer. */
  readonly updatedMs: number | undefined
  reload(): void
}

/** An answer that comes sooner would only make a skeleton flicker. */
const patienceMs = 150

const refreshed = $state({ times: 0 })

/** Fetches every resource on the page anew: `r`, the refresh button, the live timer. */
export function refreshAll(): void {
  refreshed.times++
}

/** Reactive: how often that was. */
export const timesRefreshed = (): number => refreshed.times

const pending = $state({ count: 0 })
const outcome = $state<{ answeredMs: number | null; failures: number; round: number }>({
  answeredMs: null,
  failures: 0,
  round: -1,
})

/** Reactive: some resource on the page waits for its answer. */
export function isAnyLoading(): boolean {
  return pending.count > 0
}

/** Reactive: Unix ms of the last good answer to anything on the page. */
export function lastAnswerMs(): number | null {
  return outcome.answeredMs
}

/** Reactive: refreshes in a row of which something failed because of the server; 0 as soon as it answers well. */
export function failures(): number {
  return outcome.failures
}

/** What was asked for wrongly is no failure of the server. */
function noteOutcome(isGood: boolean): void {
  if (isGood) Object.assign(outcome, { answeredMs: Date.now(), failures: 0 })
  else if (outcome.round !== refreshed.times) {
    outcome.failures++
    outcome.round = refreshed.times
  }
}

/**
 * Call while a component is set up. `address` is tracked: when it changes, the request under way is aborted (down to the
 * query) and an answer that comes all the same is dropped. null: there is nothing to fetch yet.
 */
export function createResource<T>(address: () => string | null, get: typeof apiGet = apiGet): Resource<T> {
  let data = $state.raw<T | undefined>()
  let error = $state.raw<Problem | undefined>()
  let loading = $state(false)
  let slow = $state(false)
  let updatedMs = $state<number | undefined>()
  let own = $state(0)
  // By its text: what an address is made of may change without changing it, as the query of the page does with a selection.
  const asked = $derived(address())

  $effect(() => {
    const from = asked
    void own
    void refreshed.times
    if (from === null) return
    const abort = new AbortController()
    const patience = setTimeout(() => (slow = data === undefined), patienceMs)
    untrack(() => pending.count++)
    loading = true
    get<T>(from, abort.signal)
      .then((answer) => {
        if (abort.signal.aborted) return
        data = answer
        error = undefined
        updatedMs = Date.now()
        noteOutcome(true)
      })
      .catch((reason: unknown) => {
        if (abort.signal.aborted) return
        error = reason instanceof ApiError ? reason.problem : unreadable(reason)
        if (error.status === 0 || error.status >= 500) noteOutcome(false)
      })
      .finally(() => {
        pending.count--
        clearTimeout(patience)
        if (abort.signal.aborted) return
        loading = false
        slow = false
      })
    return () => {
      clearTimeout(patience)
      abort.abort()
    }
  })

  return {
    get data() {
      return data
    },
    get error() {
      return error
    },
    get loading() {
      return loading
    },
    get slow() {
      return slow
    },
    get updatedMs() {
      return updatedMs
    },
    reload: () => own++,
  }
}

function unreadable(reason: unknown): Problem {
  const detail = reason instanceof Error ? reason.message : String(reason)
  return { title: 'The answer could not be read', status: 0, detail }
}

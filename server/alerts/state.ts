/** The life of an alert (algorithms.md section 8.5), one evaluation after the other. Pure: time is what the evaluations say. */

export type AlertPhase = 'inactive' | 'pending' | 'firing' | 'keep' | 'resolved' | 'stale'

/**
 * What an evaluation found. `met`: the condition. `less`: not the condition, but not gone either (a regression above half its least
 * effect, a threshold between its value and its value to resolve). `gone`: neither. `unknown`: too few requests to say.
 */
export type Finding = 'met' | 'less' | 'gone' | 'unknown'

export interface AlertState {
  readonly phase: AlertPhase
  /** Unix ms. When the condition was first met of what is pending, firing, kept or stale. */
  readonly sinceMs: number
  /** Unix ms of the last evaluation. */
  readonly atMs: number
  /** The last evaluation had enough requests to say anything. */
  readonly dataOk: boolean
  /** ms and evaluations of this phase in which there was data: while there is none, no time runs. */
  readonly heldMs: number
  readonly evaluations: number
  /** Unix ms of the first evaluation without data after the last with some. */
  readonly noDataSinceMs: number | null
  /** What a stale alert was before. */
  readonly staleFrom: 'pending' | 'firing' | 'keep' | null
}

export interface Patience {
  /** ms for which, and evaluations in a row for which, the condition is met before it fires. */
  readonly forMs: number
  readonly leastEvaluations: number
  /** ms for which it is gone before the alert resolves. */
  readonly keepFiringMs: number
}

/** Nothing heard for so long: the alert says so, which is not that it resolved. */
export const staleAfterMs = 6 * 3_600_000

export const inactive = (atMs: number): AlertState => ({
  ...{ phase: 'inactive', sinceMs: atMs, atMs, dataOk: true, heldMs: 0, evaluations: 0 },
  ...{ noDataSinceMs: null, staleFrom: null },
})

/**
 * The state after an evaluation at `atMs`. One that is not later than the last is one of the past: it changes nothing. @param steadyMs for so
 * long every minute has shown what is met: that is waiting enough, however seldom anybody looked.
 */
export function step(state: AlertState, atMs: number, finding: Finding, patience: Patience, steadyMs = 0): AlertState {
  if (atMs <= state.atMs) return state
  if (finding === 'unknown') return withoutData(state, atMs)
  const waited = state.dataOk ? atMs - state.atMs : 0
  const heard = { ...state, atMs, dataOk: true, noDataSinceMs: null }
  const held = { ...heard, heldMs: state.heldMs + waited, evaluations: state.evaluations + 1 }
  const to = (phase: AlertPhase, more: Partial<AlertState> = {}): AlertState => ({
    ...{ ...heard, phase, heldMs: 0, evaluations: 1, staleFrom: null },
    ...more,
  })
  switch (state.phase) {
    case 'inactive':
    case 'resolved':
      return finding === 'met'
        ? ripe(to('pending', { sinceMs: atMs }), patience, steadyMs)
        : to('inactive', { sinceMs: atMs })
    case 'pending':
      return finding === 'met' ? ripe(held, patience, steadyMs) : to('inactive', { sinceMs: atMs })
    case 'firing':
      return finding === 'gone' ? to('keep') : held
    case 'keep':
      if (finding === 'met') return to('firing')
      return held.heldMs >= patience.keepFiringMs ? to('resolved') : held
    case 'stale':
      // It goes on where it was, as if no time had passed.
      return step(
        { ...state, phase: state.staleFrom!, staleFrom: null, heldMs: 0, evaluations: 0 },
        atMs,
        finding,
        patience,
        steadyMs,
      )
  }
}

/** Less is no waiting: bursts last for minutes. */
const leastSteadyMs = 10 * 60_000

function ripe(pending: AlertState, { forMs, leastEvaluations }: Patience, steadyMs: number): AlertState {
  const hasWaited = pending.heldMs >= forMs && pending.evaluations >= leastEvaluations
  if (!hasWaited && steadyMs < Math.max(forMs, leastSteadyMs)) return pending
  return { ...pending, phase: 'firing', heldMs: 0, evaluations: 1 }
}

function withoutData(state: AlertState, atMs: number): AlertState {
  const noDataSinceMs = state.noDataSinceMs ?? atMs
  const silent = { ...state, atMs, dataOk: false, noDataSinceMs }
  const { phase } = state
  if (phase !== 'pending' && phase !== 'firing' && phase !== 'keep') return silent
  return atMs - noDataSinceMs >= staleAfterMs ? { ...silent, phase: 'stale', staleFrom: phase } : silent
}

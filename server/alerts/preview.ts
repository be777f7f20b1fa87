/** What a rule would have done: the same findings and the same states, over history. */
import type { Finding } from './state.ts'
import { inactive, step, type AlertPhase, type Patience } from './state.ts'

/** One evaluation. */
export interface Point {
  readonly atMs: number
  readonly finding: Finding
  readonly value: number | null
  readonly n: number
  readonly steadyMs?: number
}

export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
  readonly state: AlertPhase
  readonly dataOk: boolean
}

/** Stretches of one state, and how often it began to fire. */
export function lifeOf(points: readonly Point[], patience: Patience): { fired: number; stretches: Stretch[] } {
  let fired = 0
  const stretches: { fromMs: number; toMs: number; state: AlertPhase; dataOk: boolean }[] = []
  const [first] = points
  if (!first) return { fired, stretches }
  let state = inactive(first.atMs - 1)
  for (const { atMs, finding, steadyMs } of points) {
    const before = state.phase
    state = step(state, atMs, finding, patience, steadyMs)
    if (state.phase === 'firing' && (before === 'pending' || before === 'inactive' || before === 'resolved')) fired++
    const last = stretches.at(-1)
    if (last) last.toMs = atMs
    if (last?.state !== state.phase || last.dataOk !== state.dataOk)
      stretches.push({ fromMs: atMs, toMs: atMs, state: state.phase, dataOk: state.dataOk })
  }
  return { fired, stretches }
}

import { byMask, Flag, flagNames } from './flags.ts'
import type { Measure } from './types.ts'

/** Constructors of the one shape of a latency (api.md "Measure"). `mask`: D9 bits, given as reasons. ns. */
export const exact = (ns: number, mask = 0): Measure => ({
  ns,
  loNs: ns,
  hiNs: ns,
  fidelity: 'exact',
  reasons: flagNames(mask),
})

/** `hiNs` null: open above. */
export const bounded = (loNs: number, hiNs: number | null, mask = 0): Measure => ({
  ns: null,
  loNs,
  hiNs,
  fidelity: 'bounded',
  reasons: flagNames(mask),
})

export const modelled = (ns: number, loNs: number, hiNs: number | null, mask = 0): Measure => ({
  ns,
  loNs,
  hiNs,
  fidelity: 'modelled',
  reasons: flagNames(mask),
})

/** Read from clocks that may be off by `doubt` ns together; exact where that is 0. */
export const blurred = (ns: number, doubt: number, mask = 0): Measure =>
  doubt === 0 ? exact(ns, mask) : modelled(ns, Math.max(0, ns - doubt), ns + doubt, mask | Flag.coarseClock)

/** No number, and why. */
export const unknown = byMask((mask): Measure => ({
  ns: null,
  loNs: null,
  hiNs: null,
  fidelity: 'unknown',
  reasons: flagNames(mask),
}))

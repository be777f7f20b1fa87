import type { Random } from './random.ts'

/** How far a node's clock is ahead of the truth at an instant, ns; whole microseconds, so that Envoy's grid costs nothing. */
export type Clock = (atMs: number) => number

const us = 1000
const whole = (ns: number) => Math.round(ns / us) * us

/** Up to 3 ms either way. */
export function constant(random: Random): Clock {
  const ns = whole((random.share() - 0.5) * 6e6)
  return () => ns
}

/** @param ppm by which it runs fast: 0.2 is a clock that a time server disciplines, 20 one on its own. */
export function drifting(random: Random, ppm: number, sinceMs: number): Clock {
  const base = constant(random)
  return (atMs) => whole(base(atMs) + (atMs - sinceMs) * ppm)
}

/** Set forward by 15 ms once. */
export function stepping(random: Random, stepMs: number): Clock {
  const base = constant(random)
  return (atMs) => base(atMs) + (atMs >= stepMs ? 15e6 : 0)
}

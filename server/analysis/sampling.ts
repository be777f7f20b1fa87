/**
 * Weight of a trace by consistent probability sampling (algorithms.md section 6): tracestate `ot=th:T` says that the
 * share T / 2^56 of traces was dropped, T being hex digits with trailing zeros left out. undefined: not told.
 */
export function weightOf(traceState: string): number | undefined {
  const [, threshold] = /(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,\s]|$)/.exec(traceState) ?? []
  if (threshold === undefined) return undefined
  const dropped = parseInt(threshold, 16) / 16 ** threshold.length
  return 1 / (1 - dropped)
}

/** The period of equal length before a window, in words. */
const units = [
  [86_400_000, 'day', 'd'],
  [3_600_000, 'hour', 'h'],
  [60_000, 'minute', 'min'],
] as const

/** The server reads whole steps: what was asked for as an hour comes back as up to two minutes more. */
function asAsked(ms: number): number {
  const round = [ms, ms - 60_000, ms - 120_000].find((length) => length > 0 && length % 300_000 === 0)
  return round ?? ms
}

/** `1 h`, `15 min`. */
export function lengthInWords(windowMs: number): string {
  const ms = asAsked(windowMs)
  const unit = units.find(([size]) => ms % size === 0 && ms >= size)
  return unit ? `${ms / unit[0]}\u202f${unit[2]}` : `${Math.max(1, Math.round(ms / 60_000))}\u202fmin`
}

/** `the hour before`, `the 15 min before`. */
export function periodBefore(windowMs: number): string {
  const one = units.find(([size]) => size === asAsked(windowMs))
  return one ? `the ${one[1]} before` : `the ${lengthInWords(windowMs)} before`
}

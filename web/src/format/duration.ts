/**
 * Durations as text (mockups/README.md "Numbers"): three significant figures, true minus, one unit a column. The API's
 * histograms are good to about 1 %, so a fourth figure would be invented.
 */
export type Unit = 'µs' | 'ms' | 's' | 'min' | 'h'

export const nsOf: Record<Unit, number> = { µs: 1e3, ms: 1e6, s: 1e9, min: 6e10, h: 3.6e12 }

const minus = '−'

/** The unit a single figure reads best in. */
export function unitOf(ns: number): Unit {
  const size = Math.abs(ns)
  // By what is shown, not by what is: 999.7 µs would read "1000 µs".
  if (size < 999.5e3) return 'µs'
  if (size < 9_995e6) return 'ms'
  if (size < 120e9) return 's'
  return size < 7_200e9 ? 'min' : 'h'
}

/** The one unit of a column: that of its largest value, so that no cell needs more digits than it has meaning. */
export function unitOfColumn(values: Iterable<number | null | undefined>): Unit {
  let largest = 0
  for (const ns of values) largest = Math.max(largest, Math.abs(ns ?? 0))
  return unitOf(largest)
}

/** `61.4`, `412`, `7.94`; below the resolution of its unit `< 0.01`; nothing at all is `0`. Without the unit. */
export function inUnit(ns: number, unit: Unit): string {
  const value = Math.abs(ns) / nsOf[unit]
  if (value === 0) return '0'
  const sign = ns < 0 ? minus : ''
  const decimals = unit === 'µs' && value >= 10 ? 0 : value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  const least = 10 ** -decimals / 2
  if (value < least) return `${ns < 0 ? `> ${minus}` : '< '}${(10 ** -decimals).toFixed(decimals)}`
  return sign + groupDigits(value.toFixed(decimals))
}

/** For the trace page, where parts have to add up to what is printed: fixed decimals, not significant figures. */
export function exactly(ns: number, unit: Unit, decimals = 3): string {
  const text = (Math.abs(ns) / nsOf[unit]).toFixed(decimals)
  return (ns < 0 && Number(text) !== 0 ? minus : '') + groupDigits(text)
}

/** A single figure with its unit: `412 ms`. */
export function duration(ns: number, unit: Unit = unitOf(ns)): string {
  return `${inUnit(ns, unit)}\u202f${unit}`
}

/** A change always carries its sign: `+18.3`, `−1.2`, `0`. Without the unit. */
export function changeIn(ns: number, unit: Unit): string {
  const text = inUnit(ns, unit)
  return ns > 0 && !text.startsWith('<') ? `+${text}` : text
}

export function change(ns: number, unit: Unit = unitOf(ns)): string {
  return `${changeIn(ns, unit)}\u202f${unit}`
}

/** To the nanosecond, for titles and the clipboard. */
export function wholeNs(ns: number): string {
  return `${ns < 0 ? minus : ''}${groupDigits(String(Math.abs(Math.round(ns))))}\u202fns`
}

/** Thin spaces between thousands: `1 204 311`. */
export function groupDigits(text: string): string {
  const [whole = '', rest] = text.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u2009')
  return rest === undefined ? grouped : `${grouped}.${rest}`
}

import { groupDigits } from './duration.ts'

/** `1 204 311`. */
export function count(value: number): string {
  return groupDigits(String(Math.round(value)))
}

/** `1.2 k`, `34.5 M`: for bottoms of charts and phones, where the whole number stands in a title. */
export function shortCount(value: number): string {
  if (value < 9_999.5) return count(value)
  const [size, unit] = value < 999_500 ? [1e3, 'k'] : value < 999.5e6 ? [1e6, 'M'] : [1e9, 'G']
  const scaled = value / size
  return `${scaled.toFixed(scaled < 99.95 ? 1 : 0)}\u202f${unit}`
}

/** A share 0..1 as `9.3 %`; what is not quite nothing or everything never reads as such. */
export function percent(share: number, decimals = 1): string {
  const least = 10 ** -decimals
  const value = share * 100
  if (value > 0 && value < least / 2) return `< ${least.toFixed(decimals)}\u202f%`
  if (value < 100 && value > 100 - least / 2) return `> ${(100 - least).toFixed(decimals)}\u202f%`
  if (value === 0 || value === 100) return `${value}\u202f%`
  return `${value.toFixed(decimals)}\u202f%`
}

/** `25.3 /s` of so many in so many ms; of no window, as one request is, `3 calls`. */
export function perSecond(value: number, windowMs: number): string {
  if (windowMs === 0) return plural(value, 'call')
  const rate = windowMs > 0 ? (value * 1_000) / windowMs : 0
  const text = rate === 0 ? '0' : rate < 0.01 ? '< 0.01' : rate.toFixed(rate < 9.995 ? 2 : rate < 99.95 ? 1 : 0)
  return `${groupDigits(text)}\u202f/s`
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/**
 * A range as the URL and the API spell it. Relative ends stay relative, so that a link says "the last hour" to whoever
 * opens it; the server resolves them, by its own clock.
 */
import { instant as instantText, span, type Zone } from '../format/time.ts'

export interface Range {
  readonly from: string
  readonly to: string
}

export const defaultRange: Range = { from: 'now-1h', to: 'now' }

export const relativeRanges = [
  { from: 'now-5m', label: '5 min', words: 'Last 5 min' },
  { from: 'now-15m', label: '15 min', words: 'Last 15 min' },
  { from: 'now-1h', label: '1 h', words: 'Last 1 h' },
  { from: 'now-6h', label: '6 h', words: 'Last 6 h' },
  { from: 'now-24h', label: '24 h', words: 'Last 24 h' },
  { from: 'now-7d', label: '7 d', words: 'Last 7 d' },
] as const

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const unitWords = { s: 's', m: 'min', h: 'h', d: 'd' }

/** Unix ms of one end, null where it is not one. Takes what people paste: ISO 8601, Unix s, ms, µs or ns. */
export function parseInstant(text: string, nowMs: number, zone: Zone): number | null {
  const trimmed = text.trim()
  const relative = /^now(?:\s*-\s*(\d{1,9})\s*([smhd]))?$/.exec(trimmed)
  if (relative) return nowMs - Number(relative[1] ?? 0) * unitMs[(relative[2] ?? 's') as keyof typeof unitMs]
  if (/^\d{9,19}$/.test(trimmed)) return plausible(epochMs(trimmed))
  const written = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(
    trimmed,
  )
  if (written) {
    const [, date = '', time = '00:00', offset = zone === 'UTC' ? 'Z' : ''] = written
    return plausible(Date.parse(`${date}T${time}${offset}`))
  }
  const today = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(trimmed)
  if (!today) return null
  const at = new Date(nowMs)
  const [hour, minute, second] = [Number(today[1]), Number(today[2]), Number(today[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return null
  const ms = zone === 'UTC' ? at.setUTCHours(hour, minute, second, 0) : at.setHours(hour, minute, second, 0)
  return plausible(ms)
}

/** By the number of digits: 10 are seconds, 13 ms, 16 µs, 19 ns. */
function epochMs(digits: string): number {
  if (digits.length <= 11) return Number(digits) * 1_000
  if (digits.length <= 14) return Number(digits)
  if (digits.length <= 17) return Number(digits) / 1_000
  return Number(BigInt(digits) / 1_000_000n)
}

function plausible(ms: number): number | null {
  return ms >= 0 && ms < 4_102_444_800_000 ? Math.round(ms) : null
}

export function isRelative(range: Range): boolean {
  return range.from.startsWith('now') && range.to.startsWith('now')
}

/** As the URL has it; null where the two ends are no range. */
export function rangeOf(from: string, to: string, nowMs: number): Range | null {
  const range = { from: from || defaultRange.from, to: to || defaultRange.to }
  const [fromMs, toMs] = [parseInstant(range.from, nowMs, 'UTC'), parseInstant(range.to, nowMs, 'UTC')]
  return fromMs !== null && toMs !== null && fromMs < toMs ? range : null
}

/** By this machine's clock: for words and for freezing; figures come with the window the server read. */
export function windowOf(range: Range, nowMs: number): { fromMs: number; toMs: number } {
  return {
    fromMs: parseInstant(range.from, nowMs, 'UTC') ?? nowMs - 3_600_000,
    toMs: parseInstant(range.to, nowMs, 'UTC') ?? nowMs,
  }
}

/** Absolute, in whole ms. */
export function absolute(fromMs: number, toMs: number): Range {
  return { from: String(Math.floor(fromMs)), to: String(Math.ceil(toMs)) }
}

export function rangeInWords(range: Range, zone: Zone, nowMs: number): string {
  const known = relativeRanges.find(({ from }) => from === range.from && range.to === 'now')
  if (known) return known.words
  const relative = /^now-(\d+)([smhd])$/.exec(range.from)
  if (relative && range.to === 'now') {
    return `Last ${relative[1]} ${unitWords[relative[2] as keyof typeof unitWords]}`
  }
  const { fromMs, toMs } = windowOf(range, nowMs)
  return span(fromMs, toMs, zone, nowMs)
}

/** For the two fields of the picker. */
export function endInWords(end: string, zone: Zone, nowMs: number): string {
  if (end.startsWith('now')) return end
  const ms = parseInstant(end, nowMs, zone)
  return ms === null ? end : instantText(ms, zone)
}

/** The range of equal length before; relative where that is. */
export function rangeBeforeOf(range: Range, nowMs: number): Range {
  const [, n, unit] = /^now-(\d+)([smhd])$/.exec(range.from) ?? []
  if (n !== undefined && range.to === 'now') return { from: `now-${2 * Number(n)}${unit}`, to: range.from }
  const { fromMs, toMs } = windowOf(range, nowMs)
  return absolute(fromMs - (toMs - fromMs), fromMs)
}

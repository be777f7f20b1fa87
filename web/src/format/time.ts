/** Instants as text. The API speaks decimal strings of Unix ns; the UI computes in ms and keeps ns only where it must. */
export type Zone = 'local' | 'UTC'

export function msOf(unixNano: string): number {
  return Number(BigInt(unixNano) / 1_000_000n)
}

interface Parts {
  year: string
  month: string
  day: string
  hour: string
  minute: string
  second: string
}

const formats = new Map<Zone, Intl.DateTimeFormat>()

function partsOf(ms: number, zone: Zone): Parts {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      ...(zone === 'UTC' ? { timeZone: 'UTC' } : {}),
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    })
    formats.set(zone, format)
  }
  return Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value])) as unknown as Parts
}

/** `14:32` */
export function clock(ms: number, zone: Zone): string {
  const { hour, minute } = partsOf(ms, zone)
  return `${hour}:${minute}`
}

/** `14:32:07` */
export function clockWithSeconds(ms: number, zone: Zone): string {
  const { hour, minute, second } = partsOf(ms, zone)
  return `${hour}:${minute}:${second}`
}

/** `2026-11-24` */
export function day(ms: number, zone: Zone): string {
  const { year, month, day: date } = partsOf(ms, zone)
  return `${year}-${month}-${date}`
}

/** `2026-11-24 14:32:07` */
export function instant(ms: number, zone: Zone): string {
  return `${day(ms, zone)} ${clockWithSeconds(ms, zone)}`
}

/** `13:32 – 14:32`, with days where they differ from each other or from today. */
export function span(fromMs: number, toMs: number, zone: Zone, nowMs = Date.now()): string {
  const [from, to, today] = [day(fromMs, zone), day(toMs, zone), day(nowMs, zone)]
  if (from !== to) return `${from} ${clock(fromMs, zone)} – ${to === today ? '' : `${to} `}${clock(toMs, zone)}`
  return `${from === today ? '' : `${from} `}${clock(fromMs, zone)} – ${clock(toMs, zone)}`
}

/** `3 min ago`; the future, as of a clock ahead of ours, is `now`. */
export function ago(ms: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1_000))
  if (seconds < 5) return 'now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} days ago`
}

/** A length as an axis or a step has it, in its largest whole unit: `30 s`, `5 min`, `2 h`. */
export function shortSpan(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ] as const
  const [size, unit] = units.find(([each]) => ms >= each && ms % each === 0) ?? [1_000, 's']
  return `${ms / size}\u202f${unit}`
}

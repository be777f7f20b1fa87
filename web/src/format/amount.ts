/** Amounts that are no times of requests: CPU seconds and memory. */
import { groupDigits } from './duration.ts'

const three = (value: number): string => {
  if (value === 0) return '0'
  if (value < 0.01) return '< 0.01'
  return groupDigits(value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0))
}

/** `612 s` of CPU. */
export const cpuSeconds = (seconds: number): string => `${three(seconds)}\u202fs`

/** `38.4 MiB`. */
export function bytes(value: number): string {
  const [size, unit] = value < 2 ** 20 ? [2 ** 10, 'KiB'] : value < 2 ** 30 ? [2 ** 20, 'MiB'] : [2 ** 30, 'GiB']
  return `${three(value / size)}\u202f${unit}`
}

/** `1.25 GiB h`: so much memory held for an hour. */
export const byteHours = (byteSeconds: number): string => `${three(byteSeconds / 2 ** 30 / 3_600)}\u202fGiB\u202fh`

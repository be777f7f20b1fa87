import { expect, it } from 'vitest'
import { byteHours, bytes, cpuSeconds } from './amount.ts'

it.each([
  [cpuSeconds(0), '0\u202fs'],
  [cpuSeconds(0.004), '< 0.01\u202fs'],
  [cpuSeconds(61.23), '61.2\u202fs'],
  [bytes(512 * 1024), '512\u202fKiB'],
  [bytes(38.44 * 2 ** 20), '38.4\u202fMiB'],
  [byteHours(1.25 * 2 ** 30 * 3600), '1.25\u202fGiB\u202fh'],
])('%s', (said, expected) => expect(said).toBe(expected))

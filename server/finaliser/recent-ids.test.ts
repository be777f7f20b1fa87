import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { maybeRemembers, recentIds, remember, rememberedSince } from './recent-ids.ts'

const id = (n: number) => {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32BE(n, 12)
  return bytes
}

it('remembers what it was told and nothing else', () => {
  const recent = recentIds()
  const known = Array.from({ length: 50_000 }, () => randomBytes(16))
  for (const bytes of known) remember(recent, bytes, 1)
  expect(known.every((bytes) => maybeRemembers(recent, bytes))).toBe(true)
  expect(Array.from({ length: 50_000 }, () => randomBytes(16)).some((b) => maybeRemembers(recent, b))).toBe(false)
})

it('tells ids apart that differ in their last bytes only', () => {
  const recent = recentIds()
  for (let n = 1; n <= 10_000; n++) remember(recent, id(n), 1)
  expect(maybeRemembers(recent, id(10_000))).toBe(true)
  expect(maybeRemembers(recent, id(10_001))).toBe(false)
})

it('forgets the oldest generation when full, and says since when it knows everything', () => {
  const recent = recentIds(100)
  expect(rememberedSince(recent)).toBe(-Infinity)
  for (let n = 1; n <= 250; n++) remember(recent, id(n), n)
  expect(maybeRemembers(recent, id(100))).toBe(false)
  for (let n = 101; n <= 250; n++) expect(maybeRemembers(recent, id(n))).toBe(true)
  expect(rememberedSince(recent)).toBe(101)
})

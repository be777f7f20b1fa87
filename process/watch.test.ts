import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fingerprint, whenChanged } from './watch.ts'

const directory = mkdtempSync(join(tmpdir(), 'hopscope-watch-'))
const path = join(directory, 'file')
afterAll(() => rmSync(directory, { recursive: true }))
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('tells of every change once: written, swapped, gone and back, and of one right after the first reading', () => {
  writeFileSync(path, 'one')
  const since = fingerprint(path)
  writeFileSync(path, 'two')
  let looks = 0
  const close = whenChanged(path, since, () => looks++)
  const after = (change?: () => void) => {
    change?.()
    vi.advanceTimersByTime(10_000)
    return looks
  }
  expect(after()).toBe(1)
  expect(after()).toBe(1)
  expect(after(() => writeFileSync(path, 'three'))).toBe(2)
  writeFileSync(join(directory, 'next'), 'three')
  expect(after(() => renameSync(join(directory, 'next'), path))).toBe(3)
  expect(after(() => rmSync(path))).toBe(4)
  expect(after(() => writeFileSync(path, 'three'))).toBe(5)
  close()
  expect(after(() => writeFileSync(path, 'four'))).toBe(5)
})

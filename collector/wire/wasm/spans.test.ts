import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { instantiate } from './instantiate.ts'

it('what is checked in is what its source compiles to', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'hopscope-wasm-'))
  try {
    const compiled = join(directory, 'spans.wasm')
    execFileSync(process.execPath, [fileURLToPath(new URL('../../../scripts/wasm.mjs', import.meta.url)), compiled])
    expect(readFileSync(compiled).equals(readFileSync(new URL('./spans.wasm', import.meta.url)))).toBe(true)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

it('has the memory that it lays out', () => {
  const { memory, at } = instantiate()
  expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(at.memoryEnd)
  expect(memory.buffer.byteLength).toBeLessThan(at.memoryEnd + 16 * 65_536)
})

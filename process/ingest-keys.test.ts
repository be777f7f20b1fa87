import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterAll, describe, expect, it } from 'vitest'
import { entryArgs } from '../storage/entry.ts'
import { openKeysFile, parseKeys } from './ingest-keys.ts'

const directory = mkdtempSync(join(tmpdir(), 'hopscope-keys-'))
afterAll(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'keys')
const log = pino({ level: 'silent' })

const keys = (...args: string[]) =>
  spawnSync(process.execPath, [...entryArgs('./keys', import.meta.url), ...args], {
    env: { ...process.env, HOPSCOPE_INGEST_KEYS_FILE: path },
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
  })

it(
  'keys are made, listed and revoked; the file has no key, and is taken up while it is open',
  { timeout: 60_000 },
  async () => {
    const { stdout } = keys('new', 'edge')
    const key = stdout.trim()
    expect(key).toMatch(/^hsk_[\w-]{43}$/)
    expect(readFileSync(path, 'utf8')).not.toContain(key.slice(4))
    const file = openKeysFile(path, log)
    const allows = (shown: string) => file.keyOf({ 'api-key': shown }) !== undefined
    expect([allows(key), allows(`${key}x`), allows('')]).toEqual([true, false, false])
    expect(file.keyOf({ authorization: `Bearer ${key}` })).toMatchObject({ name: 'edge', spansPerSecond: null })
    expect(file.keyOf({ authorization: `Basic ${key}` })).toBeUndefined()
    expect(file.keyOf({})).toBeUndefined()

    const other = keys('new', 'mesh', 'spans/s=2k').stdout.trim()
    expect(keys('list').stdout).toBe('edge\nmesh spans/s=2000\n')
    expect(keys('limit', 'mesh', 'spans/s=5k', 'bytes/s=1m').stdout).toBe('mesh has spans/s=5k bytes/s=1m\n')
    expect(keys('limit', 'mesh', 'spans/h=5')).toMatchObject({ status: 1, stdout: '' })
    expect(keys('new', 'mesh')).toMatchObject({ status: 1, stdout: '' })
    expect(keys('revoke', 'edge').stdout).toBe('edge is revoked\n')
    expect(keys('revoke', 'edge')).toMatchObject({ status: 1, stderr: 'there is no key of edge\n' })
    for (let i = 0; i < 200 && allows(key); i++) await sleep(100)
    expect([allows(key), allows(other)]).toEqual([false, true])
    expect(file.keyOf({ 'api-key': other })).toMatchObject({ spansPerSecond: 5_000, bytesPerSecond: 1_000_000 })

    writeFileSync(path, 'what is this\n')
    await sleep(4_500)
    expect(allows(other)).toBe(true)
    file.close()
  },
)

describe('a file of keys', () => {
  const hash = 'a'.repeat(64)
  it.each([
    [`a ${hash}\nb`, 'line 2: must be NAME and 64 hex digits'],
    [`a ${hash}\n\na ${hash}`, 'line 3: a is there twice'],
    [`a ${hash.toUpperCase()}`, 'line 1: must be'],
    [`a ${hash} spans/s=0`, 'line 1: spans/s=0 is no limit'],
  ])('%j is refused', (text, reason) => expect(() => parseKeys(text)).toThrow(reason))

  it('may have comments, and be empty: then nobody may send', () => {
    expect(parseKeys(`# all\n a ${hash} # the edge\r\n`)).toEqual([
      { name: 'a', hash, spansPerSecond: null, bytesPerSecond: null },
    ])
    const empty = join(directory, 'empty')
    writeFileSync(empty, '')
    const file = openKeysFile(empty, log)
    expect(file.keyOf({ 'api-key': 'x' })).toBeUndefined()
    file.close()
  })

  it('that is missing keeps hopscope from starting', () => {
    expect(() => openKeysFile(join(directory, 'none'), log)).toThrow('cannot be read (ENOENT)')
  })
})

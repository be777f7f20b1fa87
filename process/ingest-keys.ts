import { readFileSync } from 'node:fs'
import { everybody, whoHasKey, type Access } from '../collector/receivers/access.ts'
import type { Key } from '../collector/pipeline/rates.ts'
import type { Logger } from '../storage/running.ts'
import { StartError } from '../storage/start-error.ts'
import { fingerprint, whenChanged } from './watch.ts'

/**
 * The keys that exporters must show: HOPSCOPE_INGEST_KEYS_FILE, one a line, `NAME SHA256-OF-THE-KEY`, and where it is limited
 * `spans/s=N` and `bytes/s=N` (with k or m: thousands, millions); `#` begins a comment. `npm run keys` writes it.
 */
export interface IngestKey extends Key {
  /** SHA-256 in hex. */
  readonly hash: string
}

/** @throws Error naming the line. */
export function parseKeys(text: string): IngestKey[] {
  const keys: IngestKey[] = []
  text.split('\n').forEach((line, i) => {
    const said = line.replace(/#.*/, '').trim()
    if (said === '') return
    const [, name, hash, limits = ''] = /^([\w.-]+)\s+([0-9a-f]{64})((?:\s+\S+)*)$/.exec(said) ?? []
    if (name === undefined || hash === undefined) throw new Error(`line ${i + 1}: must be NAME and 64 hex digits`)
    if (keys.some((key) => key.name === name)) throw new Error(`line ${i + 1}: ${name} is there twice`)
    try {
      keys.push({ name, hash, ...parseLimits(limits.split(/\s+/).filter(Boolean)) })
    } catch (error) {
      throw new Error(`line ${i + 1}: ${(error as Error).message}`)
    }
  })
  return keys
}

const limitNames = { 'spans/s': 'spansPerSecond', 'bytes/s': 'bytesPerSecond' } as const
const thousands = { '': 1, k: 1_000, m: 1_000_000 }

/** `spans/s=50k`, `bytes/s=2m`. @throws Error naming what is wrong. */
export function parseLimits(words: readonly string[]): Pick<Key, 'spansPerSecond' | 'bytesPerSecond'> {
  const limits: { spansPerSecond: number | null; bytesPerSecond: number | null } = {
    spansPerSecond: null,
    bytesPerSecond: null,
  }
  for (const word of words) {
    const [, name, digits, unit = ''] = /^(spans\/s|bytes\/s)=([1-9]\d{0,11})([km]?)$/.exec(word) ?? []
    if (digits === undefined) throw new Error(`${word} is no limit: spans/s=50k and bytes/s=2m are`)
    limits[limitNames[name as keyof typeof limitNames]] = Number(digits) * thousands[unit as keyof typeof thousands]
  }
  return limits
}

/**
 * Follows the file. One that has errors changes nothing; one without keys lets nobody in.
 * @param path null: everybody may send. @throws StartError when it cannot be used at the start.
 */
export function openKeysFile(path: string | null, log: Logger): Access & { close(): void } {
  if (path === null) return { ...everybody, close: () => {} }
  const read = () => new Map(parseKeys(readFileSync(path, 'utf8')).map(({ hash, ...key }) => [hash, key]))
  const since = fingerprint(path)
  let keys: ReadonlyMap<string, Key>
  try {
    keys = read()
  } catch (error) {
    throw new StartError(`HOPSCOPE_INGEST_KEYS_FILE=${path}: ${reasonOf(error)}`)
  }
  const close = whenChanged(path, since, () => {
    try {
      keys = read()
      log.warn({ file: path, keys: keys.size }, 'the API keys have changed')
    } catch (error) {
      log.error({ file: path, reason: reasonOf(error) }, 'the API keys have errors; those before stay valid')
    }
  })
  return { ...whoHasKey(() => keys), close }
}

export const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined ? message : `cannot be read (${code})`
}

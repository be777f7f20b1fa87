import { readFileSync } from 'node:fs'
import { everybody, whoHasKey, type Access } from '../collector/receivers/access.ts'
import type { Logger } from '../storage/running.ts'
import { StartError } from '../storage/start-error.ts'
import { whenChanged } from './watch.ts'

/**
 * The keys that exporters must show: HOPSCOPE_INGEST_KEYS_FILE, one a line, `NAME SHA256-OF-THE-KEY`; `#` begins a comment.
 * `npm run keys` writes it.
 */
export interface IngestKey {
  readonly name: string
  /** SHA-256 in hex. */
  readonly hash: string
}

/** @throws Error naming the line. */
export function parseKeys(text: string): IngestKey[] {
  const keys: IngestKey[] = []
  text.split('\n').forEach((line, i) => {
    const said = line.replace(/#.*/, '').trim()
    if (said === '') return
    const [, name, hash] = /^([\w.-]+)\s+([0-9a-f]{64})$/.exec(said) ?? []
    if (name === undefined || hash === undefined) throw new Error(`line ${i + 1}: must be NAME and 64 hex digits`)
    if (keys.some((key) => key.name === name)) throw new Error(`line ${i + 1}: ${name} is there twice`)
    keys.push({ name, hash })
  })
  return keys
}

/**
 * Follows the file. One that has errors changes nothing; one without keys lets nobody in.
 * @param path null: everybody may send. @throws StartError when it cannot be used at the start.
 */
export function openKeysFile(path: string | null, log: Logger): Access & { close(): void } {
  if (path === null) return { ...everybody, close: () => {} }
  const read = () => new Set(parseKeys(readFileSync(path, 'utf8')).map(({ hash }) => hash))
  let hashes: ReadonlySet<string>
  try {
    hashes = read()
  } catch (error) {
    throw new StartError(`HOPSCOPE_INGEST_KEYS_FILE=${path}: ${reasonOf(error)}`)
  }
  const close = whenChanged(path, () => {
    try {
      hashes = read()
      log.warn({ file: path, keys: hashes.size }, 'the API keys have changed')
    } catch (error) {
      log.error({ file: path, reason: reasonOf(error) }, 'the API keys have errors; those before stay valid')
    }
  })
  return { ...whoHasKey(() => hashes), close }
}

export const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined ? message : `cannot be read (${code})`
}

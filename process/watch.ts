import { statSync } from 'node:fs'

const lookEveryMs = 2_000

/** What tells one content of a file from the next, without reading it. '': there is none. */
export function fingerprint(path: string): string {
  try {
    const { mtimeNs, size, ino } = statSync(path, { bigint: true })
    return `${mtimeNs} ${size} ${ino}`
  } catch {
    return ''
  }
}

/**
 * Calls `look` whenever a file has changed. Looks at the file rather than being told: files from a ConfigMap or Secret are
 * swapped by links.
 * @param since the fingerprint before the file was read first, so that no change is missed in between.
 * @returns what ends it.
 */
export function whenChanged(path: string, since: string, look: () => void): () => void {
  let last = since
  const timer = setInterval(() => {
    const now = fingerprint(path)
    if (now === last) return
    last = now
    look()
  }, lookEveryMs).unref()
  return () => clearInterval(timer)
}

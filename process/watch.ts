import { unwatchFile, watchFile, type Stats } from 'node:fs'

const lookEveryMs = 2_000

/**
 * Calls `look` whenever a file has changed. Looks at the file rather than being told: files from a ConfigMap or Secret are
 * swapped by links.
 * @returns what ends it.
 */
export function whenChanged(path: string, look: () => void): () => void {
  const listener = (now: Stats, before: Stats) => {
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino) look()
  }
  watchFile(path, { interval: lookEveryMs, persistent: false }, listener)
  return () => unwatchFile(path, listener)
}

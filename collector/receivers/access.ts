import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { noKey, type Key } from '../pipeline/rates.ts'

/** Who may send spans. Asked before a body is read. */
export interface Access {
  /** The key that is shown; undefined: may not send. */
  keyOf(headers: IncomingHttpHeaders): Key | undefined
}

export const everybody: Access = { keyOf: () => noKey }

/** What whoever is refused should know. */
export const keyMissing = 'no valid API key: send it as "authorization: Bearer KEY" or "api-key: KEY"'

/** SHA-256 of a key in hex. Keys are 32 random bytes: a salt or a slow hash would add nothing. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex')

/** @param keys those that are valid now, by their hashes. What is compared are hashes, so the time it takes tells nothing. */
export function whoHasKey(keys: () => ReadonlyMap<string, Key>): Access {
  return {
    keyOf(headers) {
      const shown = shownKey(headers)
      return shown === undefined ? undefined : keys().get(hashOfKey(shown))
    },
  }
}

function shownKey(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['api-key']
  if (typeof own === 'string' && own !== '') return own
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

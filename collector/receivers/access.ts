import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Who may send spans. Asked before a body is read. */
export interface Access {
  allows(headers: IncomingHttpHeaders): boolean
}

export const everybody: Access = { allows: () => true }

/** What whoever is refused should know. */
export const keyMissing = 'no valid API key: send it as "authorization: Bearer KEY" or "api-key: KEY"'

/** SHA-256 of a key in hex. Keys are 32 random bytes: a salt or a slow hash would add nothing. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex')

/** @param hashes those of all keys that are valid now. What is compared are hashes, so the time it takes tells nothing. */
export function whoHasKey(hashes: () => ReadonlySet<string>): Access {
  return {
    allows(headers) {
      const key = keyOf(headers)
      return key !== undefined && hashes().has(hashOfKey(key))
    },
  }
}

function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['api-key']
  if (typeof own === 'string' && own !== '') return own
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

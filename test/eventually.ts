import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks `read` until it gives something (neither undefined nor false) and returns that.
 * @throws Error after `timeoutMs`, by default enough for a machine that is busy with other things.
 */
export async function eventually<T>(
  read: () => T | Promise<T>,
  timeoutMs = 60_000,
): Promise<Exclude<T, undefined | false>> {
  for (const end = Date.now() + timeoutMs; ; await sleep(50)) {
    const found = await read()
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>
    if (Date.now() > end) throw new Error(`not so after ${timeoutMs} ms: ${read.toString()}`)
  }
}

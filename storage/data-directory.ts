import { linkSync, mkdirSync, readFileSync, rmSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The layout of the data directory; a directory of a higher number was made by a newer hopscope. */
const layout = 1
/** Below this the engine cannot even merge what it has. */
const leastFreeBytes = 256 * 1024 * 1024

/** What stops a start, in one line for people. */
export class StartError extends Error {
  override name = 'StartError'
}

/**
 * Takes a data directory for this process: creates it, refuses one of a newer version or without room, and locks it.
 * Waits up to `waitMs` for a predecessor that is ending. Returns how to give it back.
 * @throws StartError
 */
export async function takeDirectory(directory: string, waitMs: number): Promise<() => void> {
  try {
    mkdirSync(directory, { recursive: true })
    checkLayout(directory)
    checkRoom(directory)
    const lock = join(directory, 'lock')
    const mine = `${process.pid} ${startTime(process.pid)}\n`
    for (const end = Date.now() + waitMs; ; await sleep(100)) {
      const holder = tryLock(lock, mine)
      if (holder === undefined) return () => rmSync(lock, { force: true })
      if (Date.now() >= end)
        throw new StartError(
          `the data directory ${directory} is used by process ${holder}; stop it or set HOPSCOPE_DATA_DIR`,
        )
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`the data directory ${directory} cannot be used: ${(error as Error).message}`)
  }
}

function checkLayout(directory: string): void {
  const file = join(directory, 'layout')
  const found = readOrUndefined(file)
  if (found === undefined) writeFileSync(file, `${layout}\n`)
  else if (!(Number(found) <= layout))
    throw new StartError(
      `the data directory ${directory} was made by a newer hopscope (layout ${found.trim()}, this one knows ${layout}); use that version`,
    )
}

function checkRoom(directory: string): void {
  const { bavail, bsize } = statfsSync(directory)
  if (bavail * bsize < leastFreeBytes)
    throw new StartError(
      `no room in the data directory ${directory}: ${Math.floor((bavail * bsize) / 1048576)} MiB free, at least ${leastFreeBytes / 1048576} MiB are needed`,
    )
}

/** Undefined when the lock is ours now, else the process that holds it. A holder that is gone loses it. */
function tryLock(lock: string, mine: string): string | undefined {
  const own = `${lock}.${process.pid}`
  writeFileSync(own, mine)
  try {
    // link() fails when the name exists: the only atomic "create with content".
    linkSync(own, lock)
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const [pid = '', started = ''] = (readOrUndefined(lock) ?? '').trim().split(' ')
    if (pid && startTime(Number(pid)) === started) return pid
    // A stale lock. Two starts may both get here; the engine's own lock on its files decides that race.
    rmSync(lock, { force: true })
    return tryLock(lock, mine)
  } finally {
    unlinkSync(own)
  }
}

/** When a process started, so that a reused pid is not taken for its predecessor; '' when there is no such process. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
  } catch {
    if (process.platform === 'linux') return ''
  }
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch {
    return ''
  }
}

function readOrUndefined(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

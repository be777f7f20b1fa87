import { DataType, load, open } from 'ffi-rs'
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from './start-error.ts'

/** The layout of the data directory; a directory with a higher number was made by a newer hopscope. */
export const layout = 1
/** With less room the engine cannot merge what it has. */
const leastFreeBytes = 256 * 2 ** 20

/** A data directory that belongs to this process, and to those that it hands `lockFd`. */
export interface DataDirectory {
  path: string
  lockFd: number
  release(): void
}

/**
 * Takes a data directory for this process: creates it, locks it, refuses one without room or of a newer version.
 * Gives a predecessor that is still ending up to `waitMs` to let go of it.
 * @throws StartError
 */
export async function takeDataDirectory(path: string, waitMs: number): Promise<DataDirectory> {
  try {
    makeDirectory(path)
    checkRoom(path, freeBytes(path))
    const lockFd = await lock(path, waitMs, 'the data directory')
    try {
      checkLayout(path)
    } catch (error) {
      closeSync(lockFd)
      throw error
    }
    return { path, lockFd, release: () => closeSync(lockFd) }
  } catch (error) {
    if (error instanceof StartError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC') checkRoom(path, 0)
    throw new StartError(
      `the data directory ${path} cannot be used (${code ?? message}): set HOPSCOPE_DATA_DIR to another`,
    )
  }
}

/**
 * Makes and locks a directory in which only one process may write. The lock ends with the process, or with `release`.
 * @param what it is, for the message, such as `the spool`.
 * @throws StartError
 */
export async function lockDirectory(path: string, waitMs: number, what: string): Promise<{ release(): void }> {
  try {
    makeDirectory(path)
    const lockFd = await lock(path, waitMs, what)
    return { release: () => closeSync(lockFd) }
  } catch (error) {
    if (error instanceof StartError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new StartError(`${what} ${path} cannot be used (${code ?? message}): set HOPSCOPE_DATA_DIR to another`)
  }
}

/** mkdir -p. Node's own goes round for ever where a directory exists but none can be made in it, as in /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** @throws StartError when there is too little room. */
export function checkRoom(path: string, free: number): void {
  if (free >= leastFreeBytes) return
  const mib = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`
  throw new StartError(
    `no room in the data directory ${path}: ${mib(free)} free, at least ${mib(leastFreeBytes)} are needed`,
  )
}

function checkLayout(path: string): void {
  const file = join(path, 'layout')
  let found: string
  try {
    found = readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // By way of a rename: a crash in between must not leave an empty file.
    writeFileSync(`${file}.new`, `${layout}\n`)
    renameSync(`${file}.new`, file)
    return
  }
  if (!(Number(found) <= layout) || found === '') {
    throw new StartError(
      `the data directory ${path} was made by a newer hopscope (layout ${found}, this one knows ${layout}): use that hopscope or another HOPSCOPE_DATA_DIR`,
    )
  }
}

/**
 * flock(2), which Node does not offer: it ends with the last process that has the descriptor, however that process
 * ends, so nothing is left over by kill -9 and no process number is mistaken for another.
 */
async function lock(path: string, waitMs: number, what: string): Promise<number> {
  const fd = openSync(join(path, 'lock'), 'a+')
  for (const deadline = Date.now() + waitMs; !tryLock(fd); await sleep(100)) {
    if (Date.now() < deadline) continue
    const holder = readFileSync(join(path, 'lock'), 'utf8').trim()
    closeSync(fd)
    throw new StartError(
      `${what} ${path} is in use by process ${holder || 'unknown'}: stop that hopscope or set HOPSCOPE_DATA_DIR to another`,
    )
  }
  ftruncateSync(fd)
  writeSync(fd, `${process.pid}\n`)
  return fd
}

const exclusive = 2
const nonBlocking = 4

function tryLock(fd: number): boolean {
  // '' is this process itself, which has the C library.
  open({ library: 'c', path: '' })
  const result = load({
    library: 'c',
    funcName: 'flock',
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.I32],
    paramsValue: [fd, exclusive | nonBlocking],
    runInNewThread: false,
  })
  return result === 0
}

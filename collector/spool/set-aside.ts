import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { SegmentName } from './segment.ts'

/** Why a record is no longer replayed: its bytes are not those that were written, or ClickHouse refuses it whenever it is asked. */
export type Reason = 'corrupt' | 'refused'
const reasons: readonly Reason[] = ['corrupt', 'refused']

const pieceBytes = 2 ** 20

/**
 * Copies a part of a segment to `<number>-<seed>.<offset>.<reason>`, durably. With the name of a segment it is one: a record that
 * ClickHouse would take after all is replayed when the file is renamed to `<number>-<seed>.log`.
 * @returns false when it was there already.
 */
export function writeSetAside(
  directory: string,
  segment: SegmentName,
  reason: Reason,
  from: number,
  bytes: number,
): boolean {
  const path = join(directory, `${basename(segment.path, '.log')}.${from}.${reason}`)
  if (existsSync(path)) return false
  const source = openSync(segment.path, 'r')
  const target = openSync(`${path}.new`, 'w')
  try {
    const piece = Buffer.alloc(Math.min(bytes, pieceBytes))
    for (let at = 0; at < bytes;) {
      const read = readSync(source, piece, 0, Math.min(piece.length, bytes - at), from + at)
      if (read === 0) break
      writeSync(target, piece, 0, read)
      at += read
    }
    fsyncSync(target)
  } finally {
    closeSync(target)
    closeSync(source)
  }
  renameSync(`${path}.new`, path)
  return true
}

/** The files that were set aside, with the number of the segment that each was in. */
export const setAsideFiles = (directory: string, files: readonly string[]) =>
  reasons.flatMap((reason) =>
    files
      .filter((file) => file.endsWith(`.${reason}`))
      .map((file) => ({ reason, number: parseInt(file, 16), bytes: statSync(join(directory, file)).size })),
  )

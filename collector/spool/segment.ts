import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { decodeHeader, headerBytes, nextHeader, recordBytes, type RecordHeader } from './record.ts'

/** One file of the log, named `<number>-<seed>.log`; numbers rise. */
export interface SegmentName {
  readonly number: number
  readonly seed: number
  readonly path: string
}

const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0')

export const segmentName = (directory: string, number: number, seed: number): SegmentName => ({
  ...{ number, seed },
  path: join(directory, `${hex(number, 10)}-${hex(seed, 8)}.log`),
})

/** The segments among the files of a directory, oldest first. */
export function segmentNames(directory: string, files: readonly string[]): SegmentName[] {
  const found = files.flatMap((file) => {
    const [, number, seed] = /^([0-9a-f]{10})-([0-9a-f]{8})\.log$/.exec(file) ?? []
    return number && seed ? [segmentName(directory, parseInt(number, 16), parseInt(seed, 16))] : []
  })
  return found.sort((a, b) => a.number - b.number)
}

/** Where a record is in its segment. */
export interface Place {
  readonly offset: number
  readonly header: RecordHeader
}

export interface Scanned {
  readonly places: Place[]
  /** Bytes between records that are none any more: from, to. */
  readonly corrupt: { from: number; to: number }[]
  /** Bytes at the end of a record that was being written when the writer died: nobody was told that it is safe. */
  readonly torn: number
}

/** Reads the headers of a segment; bodies are checked when they are read. */
export function scanSegment({ path, seed }: SegmentName): Scanned {
  const fd = openSync(path, 'r')
  try {
    return scan(fd, fstatSync(fd).size, seed)
  } finally {
    closeSync(fd)
  }
}

function scan(fd: number, size: number, seed: number): Scanned {
  const places: Place[] = []
  const corrupt: Scanned['corrupt'] = []
  const bytes = Buffer.alloc(headerBytes)
  let offset = 0
  while (offset < size) {
    const read = readSync(fd, bytes, 0, headerBytes, offset)
    const header = decodeHeader(bytes.subarray(0, read), 0, seed)
    if (header) {
      const end = offset + recordBytes(header)
      if (end > size) break
      places.push({ offset, header })
      offset = end
      continue
    }
    const rest = Buffer.alloc(size - offset)
    readSync(fd, rest, 0, rest.length, offset)
    const next = nextHeader(rest, 1, seed)
    // Less than a header, or room that was never filled: the writer died here.
    if (next < 0 && (rest.length < headerBytes || rest.every((byte) => byte === 0))) break
    const to = next < 0 ? size : offset + next
    corrupt.push({ from: offset, to })
    offset = to
  }
  return { places, corrupt, torn: size - offset }
}

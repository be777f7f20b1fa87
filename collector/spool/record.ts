import { crc32 } from 'node:zlib'

/**
 * A batch as it lies in the log: a header of fixed size, then the bodies of its INSERTs (Native blocks) one after the other.
 * All numbers little-endian. Checksums are CRC-32 seeded with a number of the segment that nobody outside knows, so that no
 * span can hold bytes that pass for a record.
 *
 * |  at | bytes | |
 * |----:|------:|-|
 * |   0 |     4 | `HSP1` |
 * |   4 |     4 | checksum of bytes 8 to 51 |
 * |   8 |     4 | checksum of the bodies |
 * |  12 |     8 | id of the batch |
 * |  20 |     4 | spans |
 * |  24 |     4 | received at, Unix seconds |
 * |  28 |    20 | bytes of each body |
 * |  48 |     4 | 0 |
 * |  52 |     8 | id of the last batch of the INSERT that this one was the first of; 0: none was begun |
 * |  60 |     4 | checksum of that id; 0 with it |
 */
export const headerBytes = 64
const magic = 0x31505348
/** Where "sent with" begins: the only part that is written again in place. */
export const sentAt = 52
export const bodiesPerRecord = 5

export interface RecordHeader {
  readonly id: bigint
  readonly rows: number
  /** Unix seconds. */
  readonly receivedAt: number
  /** Of each body. */
  readonly lengths: readonly number[]
  readonly checksum: number
  /** Last batch of the INSERT that was begun with this one; undefined: none was. 0n: it cannot be read any more. */
  sentLast: bigint | undefined
}

/** What is appended: an id, and the bodies in an order that the owner knows. */
export interface SpoolRecord {
  readonly id: bigint
  readonly rows: number
  readonly receivedAt: number
  readonly bodies: readonly Uint8Array[]
}

export const bodyBytes = ({ lengths }: Pick<RecordHeader, 'lengths'>): number => lengths.reduce((sum, n) => sum + n, 0)
export const recordBytes = (header: Pick<RecordHeader, 'lengths'>): number => headerBytes + bodyBytes(header)

/** Of the parts one after the other. zlib's takes an empty one for a question about its beginning, and answers 0. */
export const checksumOf = (parts: readonly Uint8Array[], seed: number): number =>
  parts.reduce((sum, bytes) => (bytes.length > 0 ? crc32(bytes, sum) : sum), seed)

/** @param sent whether an INSERT of this batch alone was begun. */
export function headerOf(record: SpoolRecord, sent: boolean, seed: number): RecordHeader {
  const { id, rows, receivedAt, bodies } = record
  return {
    ...{ id, rows, receivedAt },
    lengths: Array.from({ length: bodiesPerRecord }, (_, i) => bodies[i]?.length ?? 0),
    checksum: checksumOf(bodies, seed),
    sentLast: sent ? id : undefined,
  }
}

export function encodeHeader(header: RecordHeader, seed: number): Buffer {
  const out = Buffer.alloc(headerBytes)
  out.writeUInt32LE(magic, 0)
  out.writeUInt32LE(header.checksum, 8)
  out.writeBigUInt64LE(header.id, 12)
  out.writeUInt32LE(header.rows, 20)
  out.writeUInt32LE(header.receivedAt, 24)
  header.lengths.forEach((length, i) => out.writeUInt32LE(length, 28 + 4 * i))
  out.writeUInt32LE(crc32(out.subarray(8, sentAt), seed), 4)
  if (header.sentLast !== undefined) encodeSent(header.sentLast, seed).copy(out, sentAt)
  return out
}

/** What is written at `sentAt` of the first record of an INSERT before it is begun. */
export function encodeSent(lastId: bigint, seed: number): Buffer {
  const out = Buffer.alloc(headerBytes - sentAt)
  out.writeBigUInt64LE(lastId, 0)
  out.writeUInt32LE(crc32(out.subarray(0, 8), seed), 8)
  return out
}

/** Undefined when there is no whole header at `at`, or not the one that was written. */
export function decodeHeader(bytes: Buffer, at: number, seed: number): RecordHeader | undefined {
  if (bytes.length < at + headerBytes || bytes.readUInt32LE(at) !== magic) return undefined
  if (bytes.readUInt32LE(at + 4) !== crc32(bytes.subarray(at + 8, at + sentAt), seed)) return undefined
  return {
    checksum: bytes.readUInt32LE(at + 8),
    id: bytes.readBigUInt64LE(at + 12),
    rows: bytes.readUInt32LE(at + 20),
    receivedAt: bytes.readUInt32LE(at + 24),
    lengths: Array.from({ length: bodiesPerRecord }, (_, i) => bytes.readUInt32LE(at + 28 + 4 * i)),
    sentLast: decodeSent(bytes.subarray(at + sentAt, at + headerBytes), seed),
  }
}

function decodeSent(bytes: Buffer, seed: number): bigint | undefined {
  if (bytes.every((byte) => byte === 0)) return undefined
  return bytes.readUInt32LE(8) === crc32(bytes.subarray(0, 8), seed) ? bytes.readBigUInt64LE(0) : 0n
}

const magicBytes = Buffer.from('HSP1')

/** Where the next header that is whole begins, from `from` on; -1: nowhere. */
export function nextHeader(bytes: Buffer, from: number, seed: number): number {
  for (let at = bytes.indexOf(magicBytes, from); at >= 0; at = bytes.indexOf(magicBytes, at + 1))
    if (decodeHeader(bytes, at, seed)) return at
  return -1
}

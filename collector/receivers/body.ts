import type { IncomingMessage } from 'node:http'
import { finished, type Readable } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { Admitted } from '../pipeline/admission.ts'
import type { Body } from '../pipeline/bodies.ts'

/** Request bodies within limits. Anyone may send anything: nothing here may take more than these many bytes. */
export const maxBodyBytes = 16 * 2 ** 20
export const maxInflatedBytes = 64 * 2 ** 20

/** What is wrong with a request before its message is looked at. */
export class BadBody extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Gives `take` what comes, until the end. When `take` throws, the rest is left where it is and the connection open: the refusal has to
 * reach the client.
 * @throws what `take` throws; Error when the stream ends early.
 */
export function eachPart(stream: Readable, take: (part: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onData = (part: Buffer) => {
      try {
        take(part)
      } catch (error) {
        stop()
        stream.pause()
        reject(error as Error)
      }
    }
    const unwatch = finished(stream, { writable: false }, (error) => {
      stop()
      if (error) reject(error)
      else resolve()
    })
    const stop = () => {
      stream.off('data', onData)
      unwatch()
    }
    stream.on('data', onData)
  })
}

/** Reads the body of a request. @throws BadBody 413 as soon as the limit is passed, Overloaded. */
export async function readBody(request: IncomingMessage, admitted: Admitted, into: Body): Promise<void> {
  const tooLarge = () => new BadBody(413, `the body is larger than ${maxBodyBytes} bytes`)
  const encoded = (request.headers['content-encoding'] ?? 'identity') !== 'identity'
  const limit = encoded ? maxBodyBytes : maxInflatedBytes
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge()
  await eachPart(request, (part) => {
    if (into.size + part.length > limit) throw tooLarge()
    admitted.grow(part.length)
    into.add(part)
  })
}

type Inflate = (body: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Promise<Buffer>
const inflaters = new Map<string, Inflate>([
  ['gzip', promisify(zlib.gunzip) as Inflate],
  ['x-gzip', promisify(zlib.gunzip) as Inflate],
  ['deflate', promisify(zlib.inflate) as Inflate],
])
// From Node 22.15 and 23.8 on.
const { zstdDecompress: zstd } = zlib as { zstdDecompress?: typeof zlib.gunzip }
if (zstd) inflaters.set('zstd', promisify(zstd) as Inflate)

export const isEncoded = (encoding: string): boolean => encoding !== '' && encoding !== 'identity'

/** Nothing is believed to be this many times as large as it came. */
const mostRatio = 64

/**
 * How large the content says it is, where it says so, else a guess: each piece of the result is a way to another thread and back, and a
 * copy. gzip ends with its size (RFC 1952).
 */
const sizeHint = (body: Buffer, encoding: string): number =>
  encoding.endsWith('gzip') && body.length >= 18
    ? body.readUInt32LE(body.length - 4)
    : Math.min(2 ** 20, body.length * 8)

/** So many at a time: of the four threads that there are for it the disk needs one, and what is inflated before its turn only takes memory. */
const mostInflating = 3
let inflating = 0
const turns: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (inflating < mostInflating) inflating++
  else await new Promise<void>((resolve) => turns.push(resolve))
  try {
    return await work()
  } finally {
    const next = turns.shift()
    if (next) next()
    else inflating--
  }
}

/** @throws BadBody 415 for an unknown encoding, 413 for a bomb, 400 for broken data. */
export async function inflated(body: Buffer, encoding: string): Promise<Buffer> {
  if (!isEncoded(encoding)) return body
  const inflate = inflaters.get(encoding)
  if (!inflate) {
    throw new BadBody(415, `content-encoding ${encoding} is not supported, only ${[...inflaters.keys()].join(', ')}`)
  }
  try {
    const chunkSize = Math.max(
      2 ** 14,
      Math.min(sizeHint(body, encoding) + 1, body.length * mostRatio, maxInflatedBytes),
    )
    return await inTurn(() => inflate(body, { maxOutputLength: maxInflatedBytes, chunkSize }))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new BadBody(413, `the body inflates to more than ${maxInflatedBytes} bytes`)
    throw new BadBody(400, `the body is not ${encoding}: ${message}`)
  }
}

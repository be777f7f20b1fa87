import type { IncomingMessage } from 'node:http'
import { finished, type Readable, type Transform } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { Overloaded, type Admitted } from '../pipeline/admission.ts'
import { Body } from '../pipeline/bodies.ts'

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

interface Inflater {
  readonly whole: (body: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Promise<Buffer>
  readonly inPieces: (options: { chunkSize: number }) => Transform
}
const gzip: Inflater = { whole: promisify(zlib.gunzip) as Inflater['whole'], inPieces: zlib.createGunzip }
const inflaters = new Map<string, Inflater>([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['deflate', { whole: promisify(zlib.inflate) as Inflater['whole'], inPieces: zlib.createInflate }],
])
// From Node 22.15 and 23.8 on.
const { zstdDecompress, createZstdDecompress } = zlib as {
  zstdDecompress?: typeof zlib.gunzip
  createZstdDecompress?: Inflater['inPieces']
}
if (zstdDecompress && createZstdDecompress)
  inflaters.set('zstd', { whole: promisify(zstdDecompress) as Inflater['whole'], inPieces: createZstdDecompress })

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

/**
 * So many at a time: of the four threads that there are for it the disk needs one, and what is inflated before its turn only takes memory. One
 * that says it is large counts for several.
 */
const mostInflating = 3
const large = 16 * 2 ** 20
let inflating = 0
const turns: { weight: number; begin: () => void }[] = []

function nextTurns(): void {
  for (let next = turns[0]; next && inflating + next.weight <= mostInflating; next = turns[0]) {
    turns.shift()
    inflating += next.weight
    next.begin()
  }
}

async function inTurn<T>(size: number, work: () => Promise<T>): Promise<T> {
  const weight = Math.min(mostInflating, Math.ceil((size + 1) / large))
  await new Promise<void>((begin) => {
    turns.push({ weight, begin: () => begin() })
    nextTurns()
  })
  try {
    return await work()
  } finally {
    inflating -= weight
    nextTurns()
  }
}

/** What is larger is inflated in pieces of this size, which go where bodies are: memory for all of it at once would wait long to be collected. */
const pieceBytes = 2 ** 19
const largestAtOnce = 2 * 2 ** 20

/**
 * A body without its compression.
 * @param grow is told how many bytes have come of it; when it throws, no more come.
 * @throws BadBody 415 for an unknown encoding, 413 for a bomb, 400 for broken data; what `grow` throws.
 */
export async function inflated(body: Buffer, encoding: string, grow: (bytes: number) => void): Promise<Body> {
  const inflater = inflaters.get(encoding)
  if (!inflater) {
    throw new BadBody(415, `content-encoding ${encoding} is not supported, only ${[...inflaters.keys()].join(', ')}`)
  }
  const said = sizeHint(body, encoding)
  const size = Math.max(2 ** 14, Math.min(said + 1, body.length * mostRatio, maxInflatedBytes))
  try {
    if (size > largestAtOnce)
      return await inTurn(said, () => inPieces(inflater.inPieces({ chunkSize: pieceBytes }), body, size, grow))
    const options = { maxOutputLength: maxInflatedBytes, chunkSize: size }
    const whole = await inTurn(said, () => inflater.whole(body, options))
    grow(whole.length)
    return Body.of(whole)
  } catch (error) {
    if (error instanceof BadBody || error instanceof Overloaded) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw bomb()
    throw new BadBody(400, `the body is not ${encoding}: ${message}`)
  }
}

const bomb = () => new BadBody(413, `the body inflates to more than ${maxInflatedBytes} bytes`)

async function inPieces(stream: Transform, body: Buffer, size: number, grow: (bytes: number) => void): Promise<Body> {
  const into = new Body(size)
  try {
    const all = eachPart(stream, (part) => {
      if (into.size + part.length > maxInflatedBytes) throw bomb()
      grow(part.length)
      into.add(part)
    })
    stream.end(body)
    await all
    return into
  } catch (error) {
    into.free()
    throw error
  } finally {
    stream.destroy()
  }
}

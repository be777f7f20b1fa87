import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { Admitted } from '../pipeline/admission.ts'

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

/** Stopping in the middle leaves the connection open: the refusal has to reach the client. */
export const chunksOf = (body: Readable): AsyncIterable<Buffer> =>
  body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>

/** The parts of a body as they came. @throws BadBody 413 as soon as the limit is passed, Overloaded. */
export async function readBody(request: IncomingMessage, admitted: Admitted): Promise<Buffer[]> {
  const tooLarge = () => new BadBody(413, `the body is larger than ${maxBodyBytes} bytes`)
  const encoded = (request.headers['content-encoding'] ?? 'identity') !== 'identity'
  const limit = encoded ? maxBodyBytes : maxInflatedBytes
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of chunksOf(request)) {
    size += chunk.length
    if (size > limit) throw tooLarge()
    admitted.grow(chunk.length)
    chunks.push(chunk)
  }
  return chunks
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

/** @throws BadBody 415 for an unknown encoding, 413 for a bomb, 400 for broken data. */
export async function inflated(body: Buffer, encoding: string): Promise<Buffer> {
  if (!isEncoded(encoding)) return body
  const inflate = inflaters.get(encoding)
  if (!inflate) {
    throw new BadBody(415, `content-encoding ${encoding} is not supported, only ${[...inflaters.keys()].join(', ')}`)
  }
  try {
    // Spans shrink to an eighth or so; each piece of the result is a way to another thread and back.
    const chunkSize = Math.min(2 ** 20, Math.max(2 ** 14, body.length * 8))
    return await inflate(body, { maxOutputLength: maxInflatedBytes, chunkSize })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new BadBody(413, `the body inflates to more than ${maxInflatedBytes} bytes`)
    throw new BadBody(400, `the body is not ${encoding}: ${message}`)
  }
}

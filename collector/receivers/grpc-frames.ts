/** The messages of a gRPC call as they lie in the body: a flag, 4 bytes of length, the message (gRPC over HTTP/2). */

import { Body } from '../pipeline/bodies.ts'

export const frameHeader = 5

export interface GrpcMessage {
  compressed: boolean
  body: Body
}

export class MessageTooLarge extends Error {
  constructor(size: number, limit: number) {
    super(`the message has ${size} bytes, more than ${limit}`)
  }
}

/** Gathers the one message of a unary call from the chunks of its body. */
export class UnaryBody {
  private readonly limit: number
  private readonly header = Buffer.alloc(frameHeader)
  private headerLength = 0
  private message: Body | undefined
  private excess = false

  /** @param limit bytes that the message may have. */
  constructor(limit: number) {
    this.limit = limit
  }

  /** @throws MessageTooLarge as soon as the length is known. */
  add(chunk: Buffer): void {
    let at = 0
    if (this.headerLength < frameHeader) {
      at = Math.min(chunk.length, frameHeader - this.headerLength)
      chunk.copy(this.header, this.headerLength, 0, at)
      this.headerLength += at
      if (this.headerLength < frameHeader) return
      const size = this.header.readUInt32BE(1)
      if (size > this.limit) throw new MessageTooLarge(size, this.limit)
    }
    // Not before a byte of it has come: an announced length costs nothing to send.
    if (at === chunk.length) return
    const size = this.header.readUInt32BE(1)
    this.message ??= new Body(size)
    const to = Math.min(chunk.length, at + size - this.message.size)
    this.message.add(chunk.subarray(at, to))
    this.excess ||= to < chunk.length
  }

  /** The message; undefined when the body was not exactly one whole message. */
  whole(): GrpcMessage | undefined {
    if (this.headerLength < frameHeader || this.excess) return undefined
    const size = this.header.readUInt32BE(1)
    this.message ??= new Body()
    if (this.message.size !== size || this.header[0]! > 1) return undefined
    return { compressed: this.header[0] === 1, body: this.message }
  }

  free(): void {
    this.message?.free()
  }
}

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(frameHeader + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, frameHeader)
  return framed
}

const unitMs: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }

/** `grpc-timeout` in ms; undefined where there is none, NaN where it is not one. */
export function timeoutMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const [, digits = '', unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? []
  return digits === '' ? Number.NaN : Number(digits) * unitMs[unit]!
}

/** `grpc-message`: percent-encoded but for printable ASCII. */
export const messageHeader = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')

import { ByteBuffer } from '../../storage/bytes.ts'
import type { ScanResult } from '../wire/scan.ts'

/** The answers of OTLP (opentelemetry/proto/collector/trace/v1 and metrics/v1, which look the same) and google.rpc.Status, in both encodings. */

/** google.rpc.Code. */
export const Code = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

const lengthDelimited = (field: number) => (field << 3) | 2
const varint = (field: number) => field << 3

function message(out: ByteBuffer, field: number, bytes: Uint8Array): void {
  out.varuint(lengthDelimited(field))
  out.lengthPrefixed(bytes, 0, bytes.length)
}

/** Of what an export has: one of it in words, and what JSON calls the number of those that were rejected. */
const things = {
  spans: { word: 'span', key: 'rejectedSpans' },
  points: { word: 'data point', key: 'rejectedDataPoints' },
} as const
export type Thing = keyof typeof things
type Rejected = Pick<ScanResult, 'rejected' | 'reasons'>

/** What a partial success says: how many were rejected and why. Undefined when all were taken. */
export function rejection(
  { rejected, reasons }: Rejected,
  of: Thing = 'spans',
): { count: number; text: string } | undefined {
  if (rejected === 0) return undefined
  const { word } = things[of]
  const text = [...reasons].map(([reason, count]) => `${count} ${word}${count === 1 ? '' : 's'}: ${reason}`).join('; ')
  return { count: rejected, text }
}

/** ExportTraceServiceResponse, ExportMetricsServiceResponse. */
export function responseProtobuf(result: Rejected, of: Thing = 'spans'): Buffer {
  const out = new ByteBuffer(64)
  const partial = rejection(result, of)
  if (partial) {
    const inner = new ByteBuffer(64)
    inner.varuint(varint(1))
    inner.varuint(partial.count)
    message(inner, 2, Buffer.from(partial.text))
    message(out, 1, inner.written())
  }
  return Buffer.from(out.written())
}

export function responseJson(result: Rejected, of: Thing = 'spans'): string {
  const partial = rejection(result, of)
  return JSON.stringify(
    partial ? { partialSuccess: { [things[of].key]: String(partial.count), errorMessage: partial.text } } : {},
  )
}

/** google.rpc.Status, with google.rpc.RetryInfo where a delay is given. */
export function statusProtobuf(code: number, text: string, retrySeconds?: number): Buffer {
  const out = new ByteBuffer(64)
  out.varuint(varint(1))
  out.varuint(code)
  message(out, 2, Buffer.from(text))
  if (retrySeconds !== undefined) {
    const duration = new ByteBuffer(8)
    duration.varuint(varint(1))
    duration.varuint(retrySeconds)
    const retryInfo = new ByteBuffer(16)
    message(retryInfo, 1, duration.written())
    const any = new ByteBuffer(64)
    message(any, 1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo'))
    message(any, 2, retryInfo.written())
    message(out, 3, any.written())
  }
  return Buffer.from(out.written())
}

export const statusJson = (code: number, text: string): string => JSON.stringify({ code, message: text })

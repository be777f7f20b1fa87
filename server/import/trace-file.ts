import { parsedJson, protobufOf } from '../../storage/otlp-json.ts'
import { MalformedError } from '../../storage/protobuf.ts'
import { otlpOfZipkin, zipkinOf } from '../../storage/zipkin.ts'
import { isJaeger, jaegerTraces, otlpOfJaeger } from './jaeger.ts'
import { isObject, type Json } from './json.ts'
import { newTraces, type FileTraces } from './spans-of-request.ts'

export const formats = ['otlp', 'jaeger', 'zipkin'] as const
export type Format = (typeof formats)[number]

export interface TraceFile extends FileTraces {
  readonly format: Format
}

/** As of a trace that is stored. */
const spansOfTrace = 100_000

/** 100,000 spans with 20 attributes each have about as many. */
const maxValues = 12_000_000

/**
 * The traces of a file: OTLP JSON (an export request, a list of them, one a line as the OpenTelemetry Collector's file exporter
 * writes, or what Jaeger's API v3 answers), Jaeger JSON, Zipkin v2 JSON.
 * @param maxSpans of one trace; the earliest are kept.
 * @throws MalformedError naming the place, counted from the start of what it stands in: `data[0].spans[3].startTime is not …`.
 */
export function readTraceFile(text: string, maxSpans = spansOfTrace): TraceFile {
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (bare.trim() === '') throw new MalformedError('the file is empty')
  const traces = newTraces(maxSpans)
  const lines = linesOf(bare)
  if (lines) {
    for (const { at, content } of lines)
      inPlace(`line ${at}`, () => {
        const request = parsedJson(content, maxValues)
        if (!isOtlp(request)) throw new MalformedError('not an OTLP export request: no resourceSpans')
        traces.add(protobufOf(request, content.length))
      })
    return { format: 'otlp', ...traces.all() }
  }
  const content = parsedJson(bare, maxValues)
  const { format, requests } = requestsOf(content)
  for (const { path, request } of requests) inPlace(path, () => traces.add(protobufOf(request(), bare.length)))
  return { format, ...traces.all() }
}

interface Request {
  /** '' where it is the whole file, or its errors say where they are themselves. */
  readonly path: string
  request(): unknown
}

function requestsOf(content: unknown): { format: Format; requests: Request[] } {
  const whole = (format: Format, request: () => unknown) => ({ format, requests: [{ path: '', request }] })
  if (isOtlp(content)) return whole('otlp', () => content)
  if (isObject(content) && isOtlp(content['result'])) return whole('otlp', () => content['result'])
  if (isJaeger(content)) return whole('jaeger', () => otlpOfJaeger(jaegerTraces(content)))
  if (!Array.isArray(content)) throw new MalformedError(unknownFormat)
  if (content.length === 0) throw new MalformedError('the file is an empty list')
  const [first] = content as unknown[]
  if (isOtlp(first)) {
    const requests = content.map((request: unknown, i) => ({ path: `[${i}]`, request: () => request }))
    return { format: 'otlp', requests }
  }
  // A list of spans, or of traces that are lists of spans.
  if (isObject(first) && 'traceId' in first && 'id' in first)
    return whole('zipkin', () => otlpOfZipkin(zipkinOf(content)))
  if (Array.isArray(first)) {
    const requests = content.map((list: unknown, i) => ({
      path: `[${i}]`,
      request: () => otlpOfZipkin(zipkinOf(list)),
    }))
    return { format: 'zipkin', requests }
  }
  throw new MalformedError(unknownFormat)
}

const unknownFormat =
  'not a trace file that is known here: OTLP JSON has resourceSpans, Jaeger JSON has data with spans and processes, Zipkin JSON is a list of spans with traceId and id'

const isOtlp = (value: unknown): value is Json => isObject(value) && 'resourceSpans' in value

/** The lines of a file that has a whole object on its first line and more after it; null for any other. */
function linesOf(text: string): { at: number; content: string }[] | null {
  const end = text.indexOf('\n')
  if (end < 0 || !/^\s*\{.*\}\s*$/.test(text.slice(0, end)) || text.slice(end).trim() === '') return null
  return text.split('\n').flatMap((content, i) => (content.trim() === '' ? [] : [{ at: i + 1, content }]))
}

/** Says in what part of the file it is malformed. */
function inPlace(path: string, read: () => void): void {
  try {
    read()
  } catch (error) {
    if (path === '' || !(error instanceof MalformedError)) throw error
    throw new MalformedError(`${path}: ${error.message}`, { cause: error })
  }
}

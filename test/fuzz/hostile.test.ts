import { describe, expect, it } from 'vitest'
import { dictionaryRows, Interner } from '../../collector/wire/interner.ts'
import { protobufOfJson } from '../../storage/otlp-json.ts'
import { Scanner } from '../../collector/wire/scan.ts'
import { SpanColumns } from '../../collector/wire/span-columns.ts'
import { zipkinOfJson } from '../../storage/zipkin.ts'
import { zipkinOfProtobuf } from '../../collector/wire/zipkin-protobuf.ts'
import { lengthDelimited } from './proto-tree.ts'

/**
 * Large bodies made of the smallest parts: a few KB of gzip. Nobody may make the collector stand still for
 * a second or take gigabytes. CPU time, because the machine has other things to do; room for a slow one.
 */
const bodyBytes = 16 * 2 ** 20
const maxCpuMs = 3_000
const maxGrowthBytes = 400 * 2 ** 20

const filled = (unit: string, size = bodyBytes): Buffer => {
  const bytes = Buffer.from(unit, 'hex')
  return Buffer.alloc(size - (size % bytes.length), bytes)
}
const inScope = (content: Buffer) => lengthDelimited(1, lengthDelimited(2, content))
const ids = `0a10${'11'.repeat(16)}1208${'22'.repeat(8)}39${'01'.repeat(8)}41${'01'.repeat(8)}`
const inSpan = (content: Buffer) => inScope(lengthDelimited(2, Buffer.concat([Buffer.from(ids, 'hex'), content])))
const inValue = (content: Buffer) => inSpan(lengthDelimited(9, lengthDelimited(2, content)))

function scan(body: Buffer): void {
  const interner = new Interner()
  interner.begin(dictionaryRows(), 1_700_000_000)
  new Scanner(interner).scan(body, new SpanColumns())
}
const text = (unit: string, begin: string) => begin + unit.repeat((bodyBytes - begin.length) / unit.length)

const bodies: Record<string, () => void> = {
  'empty resources': () => scan(filled('0a00')),
  'empty scopes': () => scan(lengthDelimited(1, filled('1200'))),
  'empty spans': () => scan(inScope(filled('1200'))),
  'parts of one resource': () => scan(lengthDelimited(1, filled('0a021000'))),
  'attributes of one resource': () => scan(lengthDelimited(1, lengthDelimited(1, filled('0a00')))),
  'empty attributes': () => scan(inSpan(filled('4a00'))),
  'one attribute again and again': () => scan(inSpan(filled('4a070a016b12020a00'))),
  'empty events': () => scan(inSpan(filled('5a00'))),
  'empty states': () => scan(inSpan(filled('7a00'))),
  'parts of one value': () => scan(inSpan(lengthDelimited(9, filled('12020a00')))),
  'items of one array': () => scan(inValue(lengthDelimited(5, filled('0a00')))),
  'parts of one array': () => scan(inValue(filled('2a020a00'))),
  'empty objects in JSON': () => protobufOfJson(text('{},', '{"resourceSpans":[')),
  'arrays in arrays in JSON': () => protobufOfJson(text('[', '{"resourceSpans":')),
  'quotes in a string that does not end': () => protobufOfJson(text('\\"', '[1234567890123456789,"')),
  'backslashes in a string that does not end': () => protobufOfJson(text('\\', '[1234567890123456789,"')),
  'long integers in JSON': () => protobufOfJson(text('1234567890123456789,', '[')),
  'empty objects in Zipkin’s JSON': () => zipkinOfJson(text('{},', '[')),
  'empty spans of Zipkin': () => zipkinOfProtobuf(filled('0a00')),
  'empty tags of Zipkin': () => zipkinOfProtobuf(lengthDelimited(1, filled('5a00'))),
}

describe('16 MB of', () => {
  it.each(Object.keys(bodies))('%s are refused at once', { timeout: 60_000 }, (name) => {
    const before = process.memoryUsage().rss
    const begin = process.cpuUsage()
    expect(bodies[name]).toThrow(/in one request|invalid JSON/)
    const { user, system } = process.cpuUsage(begin)
    expect((user + system) / 1000).toBeLessThan(maxCpuMs)
    expect(process.memoryUsage().rss - before).toBeLessThan(maxGrowthBytes)
  })
})

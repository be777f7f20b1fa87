import { describe, expect, it } from 'vitest'
import { generateRequest } from '../../bench/generate.ts'
import { readBlocks, type Cell } from '../../test/fuzz/native-reader.ts'
import { newRandom } from '../../test/fuzz/random.ts'
import { protobufOfJson } from '../../storage/otlp-json.ts'
import { MalformedError } from '../../storage/protobuf.ts'
import { AttributeKeys } from './attribute-keys.ts'
import { dictionaryRows, Interner } from './interner.ts'
import { Scanner } from './scan.ts'
import { SpanColumns } from './span-columns.ts'

/** A collector's scanner, with the fast way or without. */
function reader(maxFastBody?: number, keys?: AttributeKeys) {
  const interner = new Interner(keys)
  const scanner = new Scanner(interner)
  const columns = new SpanColumns(maxFastBody)
  let dictionaries = dictionaryRows()
  return {
    columns,
    /** What came of it in words, and what is stored then. */
    take(body: Buffer, now: number) {
      const mark = columns.mark()
      dictionaries = dictionaryRows()
      interner.begin(dictionaries, now)
      let outcome: unknown
      try {
        const { reasons, ...result } = scanner.scan(body, columns)
        outcome = { ...result, reasons: [...reasons].sort() }
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error
        outcome = 'malformed'
        columns.truncate(mark)
        interner.takeBack()
      }
      const words = [dictionaries.resources, dictionaries.scopes, dictionaries.attrsets].map((block) =>
        block.toBytes().toString('hex'),
      )
      return { outcome, words }
    },
    rows: () => rowsOf(columns.finish(7n, 8)),
  }
}

const shown = (cell: Cell): string =>
  typeof cell === 'bigint'
    ? String(cell)
    : Array.isArray(cell)
      ? cell.map(([key, value]) => `${key.toString('hex')}=${value.toString('hex')}`).join(',')
      : cell.toString('hex')

const rowsOf = (bytes: Buffer): string[] =>
  readBlocks(bytes)
    .flatMap((block) => {
      const columns = [...block]
      return columns[0]![1].map((_, i) => columns.map(([name, cells]) => `${name} ${shown(cells[i]!)}`).join('; '))
    })
    .sort()

const span = {
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  name: 'GET /cart',
  kind: 2,
  startTimeUnixNano: '1700000000000000001',
  endTimeUnixNano: '1700000000000000900',
  attributes: [
    { key: 'http.request.method', value: { stringValue: 'GET' } },
    { key: 'url.path', value: { stringValue: '/cart' } },
  ],
}
/** Fields in the order of their numbers, as encoders write them. */
const order = 'traceId spanId traceState parentSpanId name kind'.split(' ')
const inOrder = (span: object): object =>
  Object.fromEntries([
    ...order.flatMap((key) => Object.entries(span).filter(([name]) => name === key)),
    ...Object.entries(span),
  ])
const bodyOf = (...spans: object[]): Buffer =>
  protobufOfJson(
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: 's' }, spans: spans.map(inOrder) }] }] }),
  )

describe('spans that are told by comparing them', () => {
  it('are stored as they are without, of generated traffic, and nearly all are told', () => {
    const [fast, slow] = [reader(), reader(0)]
    const request = generateRequest(400, 1)
    for (let i = 0; i < 4; i++) {
      request.refresh(1_700_000_000_000 + i)
      expect(fast.take(request.body, 1_700_000_000)).toEqual(slow.take(request.body, 1_700_000_000))
    }
    expect(fast.columns.fast.rows).toBeGreaterThan(3 * request.spans)
    expect(slow.columns.fast.rows).toBe(0)
    expect(fast.rows()).toEqual(slow.rows())
  })

  it('are the same where the body came into the room that is lent for it, or was put together', () => {
    const [fast, slow] = [reader(), reader(0)]
    const request = generateRequest(400, 1)
    const room = fast.columns.fast.bodyRoom()
    const places = [0, 1_000_003, room.length - request.body.length].map((at) => room.subarray(at))
    for (const [i, place] of [...places, fast.columns.fast.scratch()].entries()) {
      request.refresh(1_700_000_000_000 + i)
      const body = place.subarray(0, request.body.copy(place))
      expect(fast.take(body, 1)).toEqual(slow.take(request.body, 1))
      // Its place is another's now.
      body.fill(0xff)
    }
    expect(fast.columns.fast.rows).toBeGreaterThan(3 * request.spans)
    expect(fast.rows()).toEqual(slow.rows())
  })

  it('lie in memory of their own until it is given back', () => {
    const { take, columns } = reader()
    const request = generateRequest(2000, 1)
    const batch = (n: number) => {
      for (let i = 0; i < 4; i++) {
        request.refresh(1_700_000_000_000 + n * 10 + i)
        take(request.body, 1)
      }
      return columns.finish(BigInt(n), 8)
    }
    const [first, second] = [batch(1), batch(2)]
    const copies = [Buffer.from(first), Buffer.from(second)]
    columns.giveBack(first)
    columns.giveBack(first)
    columns.giveBack(Buffer.from(second))
    const [third, fourth] = [batch(3), batch(4)]
    expect([third, fourth].map((bytes) => bytes.buffer === first.buffer)).toEqual([true, false])
    expect(second.equals(copies[1]!)).toBe(true)
    expect([third.length, fourth.length]).toEqual([copies[1]!.length, copies[1]!.length])
    expect(fourth.buffer).not.toBe(second.buffer)
    expect(third.equals(copies[0]!)).toBe(false)
  })

  it('are those that are told without, whatever byte is another', { timeout: 120_000 }, () => {
    const limits = () => new AttributeKeys({ keys: 100, valuesPerKey: 20, sets: 200 })
    const [fast, slow] = [reader(undefined, limits()), reader(0, limits())]
    const request = generateRequest(48, 1)
    let usual = 0
    let malformed = 0
    for (let i = 0; i < 1200; i++) {
      const random = newRandom(20_260, i)
      request.refresh(1_700_000_000_000 + i)
      const body = Buffer.from(request.body)
      for (let changes = random.int(4); changes > 0; changes--)
        body[random.int(body.length)] = random.oneIn(2) ? random.int(256) : body[random.int(body.length)]!
      // Sets are written again after a day, windows of keys end after an hour.
      const now = 1_700_000_000 + i * 1500
      const [one, other] = [fast.take(body, now), slow.take(body, now)]
      if (one.outcome === 'malformed') malformed++
      usual += fast.columns.fast.rows
      expect(one, `body ${i}`).toEqual(other)
      expect(fast.rows(), `body ${i}`).toEqual(slow.rows())
    }
    expect(usual).toBeGreaterThan(1200 * 24)
    expect(malformed).toBeGreaterThan(100)
  })

  it.each<[string, object]>([
    ['as it is', {}],
    ['with a parent and flags', { parentSpanId: '0102030405060708', flags: 257 }],
    ['with a trace state', { traceState: 'a=b' }],
    ['that failed', { status: { code: 2 } }],
    ['without a name', { name: '' }],
  ])('are told %s', (_, more) => {
    const [fast, slow] = [reader(), reader(0)]
    const body = bodyOf({ ...span, ...more }, { ...span, ...more, spanId: 'eee19b7ec3c1b175' })
    expect(fast.take(body, 1)).toEqual(slow.take(body, 1))
    expect(fast.columns.fast.rows).toBe(1)
    expect(fast.rows()).toEqual(slow.rows())
  })

  it.each<[string, object]>([
    ['an event', { events: [{ timeUnixNano: '5', name: 'e' }] }],
    ['a message of its status', { status: { code: 2, message: 'no' } }],
    ['dropped attributes', { droppedAttributesCount: 1 }],
    ['a kind nobody knows', { kind: 9 }],
    ['a long name', { name: 'n'.repeat(200) }],
    ['no attributes', { attributes: [] }],
    ['a fraction in its row', { attributes: [{ key: 'url.path', value: { doubleValue: 0.5 } }] }],
    ['no start', { startTimeUnixNano: '0' }],
    ['an end after 2262', { endTimeUnixNano: '18446744073709551615' }],
    ['no id', { traceId: '0'.repeat(32) }],
  ])('are not told, and stored or rejected all the same, with %s', (_, more) => {
    const [fast, slow] = [reader(), reader(0)]
    const body = bodyOf(span, { ...span, ...more }, { ...span, ...more })
    expect(fast.take(body, 1)).toEqual(slow.take(body, 1))
    expect(fast.columns.fast.rows).toBe(0)
    expect(fast.rows()).toEqual(slow.rows())
  })

  it('are dropped with their request, and go on being told in the next batch', () => {
    const [fast, slow] = [reader(), reader(0)]
    const good = bodyOf(span, span)
    for (const body of [good, Buffer.concat([good, Buffer.from('0a7f', 'hex')]), good])
      expect(fast.take(body, 1)).toEqual(slow.take(body, 1))
    expect(fast.columns.rows).toBe(4)
    expect(fast.rows()).toEqual(slow.rows())
    expect(fast.columns.rows).toBe(0)
    fast.take(good, 1)
    expect(fast.columns.fast.rows).toBe(2)
    slow.take(good, 1)
    expect(fast.rows()).toEqual(slow.rows())
  })
})

import { describe, expect, it } from 'vitest'
import { ByteBuffer } from './bytes.ts'
import {
  anyValueText,
  decodeAnyValue,
  decodeKeyValues,
  decodeResource,
  decodeSpanExtension,
  spanAttributes,
  type AnyValue,
} from './otlp-decode.ts'
import { MalformedError } from './protobuf.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const attribute = (key: string, anyValue: Buffer, field = 9) => {
  const keyValue = Buffer.concat([
    Buffer.from([0x0a, key.length]),
    Buffer.from(key),
    Buffer.from([0x12, anyValue.length]),
    anyValue,
  ])
  return Buffer.concat([Buffer.from([(field << 3) | 2, keyValue.length]), keyValue])
}

describe('attribute values', () => {
  it.each<[string, string, AnyValue, string]>([
    ['string', '0a 02 c3a9', { stringValue: 'é' }, 'é'],
    ['empty string', '0a 00', { stringValue: '' }, ''],
    ['true', '10 01', { boolValue: true }, 'true'],
    ['int', '18 c801', { intValue: '200' }, '200'],
    ['negative int', '18 ffffffffffffffffff01', { intValue: '-1' }, '-1'],
    ['largest int', '18 ffffffffffffffff7f', { intValue: '9223372036854775807' }, '9223372036854775807'],
    ['double', '21 9a9999999999b93f', { doubleValue: 0.1 }, '0.1'],
    ['infinity', '21 000000000000f0ff', { doubleValue: '-Infinity' }, '-Infinity'],
    ['bytes', '3a 03 010203', { bytesValue: 'AQID' }, 'AQID'],
    ['nothing', '', {}, ''],
    [
      'array',
      '2a 0d 0a 03 0a0161 0a 02 1801 0a 00 0a 00',
      { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }, {}, {}] } },
      '["a",1,null,null]',
    ],
    [
      'kvlist',
      '32 0b 0a 09 0a 01 6b 12 04 18 80 80 40',
      { kvlistValue: { values: [{ key: 'k', value: { intValue: '1048576' } }] } },
      '{"k":1048576}',
    ],
  ])('reads %s', (_name, bytes, value, text) => {
    expect(decodeAnyValue(hex(bytes))).toEqual(value)
    expect(anyValueText(value)).toBe(text)
  })

  it.each([
    ['cut off', '0a 05 61'],
    ['wrong wire type', '08 01'],
    ['endless varint', '18 ffffffffffffffffffff01'],
    ['field 0', '00 01'],
    ['group', '0b 0c'],
  ])('refuses bytes that are %s', (_name, bytes) => {
    expect(() => decodeAnyValue(hex(bytes))).toThrow(MalformedError)
  })

  it('refuses values nested without end instead of exhausting the stack', () => {
    const wrap = (tag: number, inner: Buffer): Buffer => {
      const out = new ByteBuffer()
      out.u8(tag)
      out.lengthPrefixed(inner, 0, inner.length)
      return out.toBytes()
    }
    let value: Buffer = hex('18 01')
    for (let i = 0; i < 40; i++) value = wrap(0x2a, wrap(0x0a, value))
    expect(() => decodeAnyValue(value)).toThrow(/nested deeper/)
  })
})

describe('partial spans', () => {
  it('reads events, links, counts and enum values outside the known range', () => {
    const event = Buffer.concat([hex('09 0100000000000000 12 01 65'), attribute('k', hex('1001'), 3), hex('20 02')])
    const link = Buffer.concat([hex('0a 02 abcd 12 01 ef 1a 01 73 28 03 35 01030000')])
    const ext = Buffer.concat([
      hex('30 63 50 04 60 05 70 06'),
      Buffer.from([0x5a, event.length]),
      event,
      Buffer.from([0x6a, link.length]),
      link,
      hex('7a 02 1809'),
    ])
    expect(decodeSpanExtension(ext)).toEqual({
      attributes: [],
      events: [
        {
          timeUnixNano: '1',
          name: 'e',
          attributes: [{ key: 'k', value: { boolValue: true } }],
          droppedAttributesCount: 2,
        },
      ],
      links: [
        { traceId: 'abcd', spanId: 'ef', traceState: 's', attributes: [], droppedAttributesCount: 3, flags: 0x301 },
      ],
      droppedAttributesCount: 4,
      droppedEventsCount: 5,
      droppedLinksCount: 6,
      kind: 99,
      statusCode: 9,
    })
  })

  it('lets typed attributes replace the text of the same key', () => {
    const set = attribute('component', hex('0a 05 70726f7879'))
    const ext = decodeSpanExtension(attribute('size', hex('18 05')))
    const attrs = [
      ['size', '5'],
      ['guid', 'x'],
    ] as const
    expect(decodeKeyValues(set)).toHaveLength(1)
    expect(spanAttributes(set, attrs, ext)).toEqual([
      { key: 'component', value: { stringValue: 'proxy' } },
      { key: 'guid', value: { stringValue: 'x' } },
      { key: 'size', value: { intValue: '5' } },
    ])
  })

  it('passes over unknown fields', () => {
    expect(decodeResource(Buffer.concat([attribute('a', hex('1001'), 1), hex('1002 9a06 03 616263')]))).toEqual({
      attributes: [{ key: 'a', value: { boolValue: true } }],
      droppedAttributesCount: 2,
    })
  })
})

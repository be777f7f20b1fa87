import { NumberText, type Json } from './json-reader.ts'
import type { Random } from './random.ts'

/** JSON that somebody could have written: with duplicate names and numbers in any form. */
export function jsonText(value: Json, random: Random): string {
  if (value instanceof NumberText) return value.text
  if (Array.isArray(value)) return `[${value.map((item) => jsonText(item, random)).join(',')}]`
  if (!(value instanceof Map)) return JSON.stringify(value)
  const fields = [...value].map(([name, inner]) => `${JSON.stringify(name)}:${jsonText(inner, random)}`)
  if (fields.length > 0 && random.oneIn(80)) fields.push(random.pick(fields))
  if (fields.length > 1 && random.oneIn(80)) fields.reverse()
  return `{${fields.join(random.oneIn(50) ? ' ,\n' : ',')}}`
}

const numberTexts = [
  ...['0', '1', '-1', '2', '5', '99', '1.5', '0.30000000000000004', '-0', '1e3', '1E+2', '1e400', '1e-7', '2147483648'],
  ...[
    '4294967295',
    '4294967296',
    '9007199254740993',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775809',
  ],
  ...[
    '18446744073709551615',
    '18446744073709551616',
    '1700000000000000001',
    '123456789012345678901234',
    '1.0',
    '12e17',
  ],
  ...['1700000000000000001.0', '0.1234567890123456789', '10000000000000000000000e-4', '3.141592653589793238'],
]
const strings = [
  ...[
    '',
    'a',
    'ü€😀',
    '\ud800',
    '"',
    '\\',
    '\\"',
    'NaN',
    '-Infinity',
    ' ',
    '0x10',
    '1e3',
    'zz',
    'AQID',
    'AQ==',
    'A===',
    '_-',
  ],
  ...['SPAN_KIND_SERVER', 'SERVER', 'SPAN_KIND_', 'STATUS_CODE_ERROR', '0'.repeat(32), '0'.repeat(16), 'f'.repeat(31)],
  ...['__proto__', 'toString', 'CLIENT', 'service.name', 'true', '12', '007', '{"a":1}', '1700000000000000001'],
]
const names = [
  ...['__proto__', 'constructor', 'trace_id', 'traceId', 'spanId', 'attributes', 'values', 'stringValue', 'intValue'],
  ...[
    'doubleValue',
    'bytesValue',
    'arrayValue',
    'kvlistValue',
    'boolValue',
    'kind',
    'status',
    'code',
    'key',
    'value',
    '0',
  ],
]

const scalar = (random: Random): Json =>
  random.pick<() => Json>([
    () => null,
    () => random.oneIn(2),
    () => new NumberText(random.pick(numberTexts)),
    () => random.pick(strings),
    () => [],
    () => new Map(),
    () => 'x'.repeat(random.int(320)),
  ])()

/** Another value in some place of it. */
export function mutatedJson(value: Json, random: Random, depth = 0): Json {
  const inner = Array.isArray(value) ? value.length : value instanceof Map ? value.size : 0
  if (inner > 0 && !random.oneIn(12)) {
    const at = random.int(inner)
    if (Array.isArray(value)) {
      if (random.oneIn(12)) return changedItems(value, at, random)
      return value.with(at, mutatedJson(value[at]!, random, depth + 1))
    }
    const fields = [...(value as Map<string, Json>)]
    const [name, content] = fields[at]!
    const changed = random.oneIn(10)
      ? changedFields(fields, at, random)
      : fields.with(at, [name, mutatedJson(content, random, depth + 1)])
    return new Map(changed)
  }
  return random.oneIn(8) ? wrapped(value, random) : other(value, random)
}

function changedItems(items: readonly Json[], at: number, random: Random): Json[] {
  const item = items[at]!
  return random.pick([
    () => items.toSpliced(at, 1),
    () => [...items, item],
    () => [...items, scalar(random)],
    () => items.toReversed(),
  ])()
}

function changedFields(fields: readonly [string, Json][], at: number, random: Random): [string, Json][] {
  const [name, content] = fields[at]!
  return random.pick<() => [string, Json][]>([
    () => fields.toSpliced(at, 1),
    () => fields.with(at, [random.pick(names), content]),
    () => [...fields, [random.pick(names), random.oneIn(2) ? scalar(random) : content]],
    () => fields.toReversed(),
    () => fields.with(at, [name.toUpperCase(), content]),
  ])()
}

/** A number as a string, a string as a number, or something else altogether. */
function other(value: Json, random: Random): Json {
  if (value instanceof NumberText && random.oneIn(3)) return value.text
  if (typeof value === 'string' && /^\d+$/.test(value) && random.oneIn(2)) return new NumberText(String(BigInt(value)))
  return scalar(random)
}

/** In so many arrays or kvlists. */
function wrapped(value: Json, random: Random): Json {
  let inner = value
  for (let depth = random.pick([1, 2, 31, 32, 33, 34, 60]); depth > 0; depth--) {
    const list = random.oneIn(3)
    const items: Json[] = [
      list
        ? new Map<string, Json>([
            ['key', 'k'],
            ['value', inner],
          ])
        : inner,
    ]
    inner = new Map([[list ? 'kvlistValue' : 'arrayValue', new Map([['values', items]])]])
  }
  return inner
}

/** Some characters changed. */
export function mutatedText(text: string, random: Random): string {
  const at = random.int(text.length + 1)
  const put = random.pick([
    '',
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '-',
    '1234567890123456789',
    ' ',
    'null',
    '\u0000',
  ])
  return text.slice(0, at) + put + text.slice(at + random.int(3))
}

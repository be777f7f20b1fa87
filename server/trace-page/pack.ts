import type { NumberType, PackedHead } from '../api/contract-columns.ts'

/** The bytes of contract-columns.ts: every Float64Array in `trace` as an array of numbers as narrow as they allow, the rest as JSON. */
export function pack(trace: object): Uint8Array {
  const packed: { numbers: Narrow; at: number }[] = []
  const arrays: [path: string, type: NumberType, at: number, length: number][] = []
  let size = 0
  const strip = (of: object, path: string): object =>
    Object.fromEntries(
      Object.entries(of).flatMap(([name, value]: [string, unknown]) => {
        const here = path === '' ? name : `${path}.${name}`
        if (value instanceof Float64Array) {
          const [type, numbers] = narrow(value)
          arrays.push([here, type, size, numbers.length])
          packed.push({ numbers, at: size })
          size = upTo8(size + numbers.byteLength)
          return []
        }
        return [[name, isPlain(value) ? strip(value, here) : value]]
      }),
    )
  const head = new TextEncoder().encode(JSON.stringify({ trace: strip(trace, ''), arrays } satisfies PackedHead))
  const from = upTo8(4 + head.length)
  const bytes = new Uint8Array(from + size)
  new DataView(bytes.buffer).setUint32(0, head.length, true)
  bytes.set(head, 4)
  for (const { numbers, at } of packed)
    bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), from + at)
  return bytes
}

const upTo8 = (bytes: number) => (bytes + 7) & ~7

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Narrow = Uint8Array | Uint16Array | Int32Array | Float64Array

function narrow(numbers: Float64Array): [NumberType, Narrow] {
  let [least, most] = [0, 0]
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!
    if (number < least) least = number
    if (number > most) most = number
    // The analysis counts in whole ns; what is not whole stays what it is.
    if ((number | 0) !== number && !Number.isInteger(number)) return ['f64', numbers]
  }
  if (least >= 0 && most <= 0xff) return ['u8', Uint8Array.from(numbers)]
  if (least >= 0 && most <= 0xffff) return ['u16', Uint16Array.from(numbers)]
  if (least >= -0x8000_0000 && most <= 0x7fff_ffff) return ['i32', Int32Array.from(numbers)]
  return ['f64', numbers]
}

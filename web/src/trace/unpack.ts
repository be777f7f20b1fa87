/** Reads the bytes of contract-columns.ts: numbers stay where they lie. */
import type { NumberType, PackedHead } from '../../../server/api/contract-columns.ts'

const arrayOf = { u8: Uint8Array, u16: Uint16Array, i32: Int32Array, f64: Float64Array } satisfies Record<
  NumberType,
  unknown
>

/** @throws Error for what is no such answer. */
export function unpack(bytes: ArrayBuffer): unknown {
  const length = new DataView(bytes).getUint32(0, true)
  const { trace, arrays } = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length))) as PackedHead
  const from = (4 + length + 7) & ~7
  for (const [path, type, at, count] of arrays) {
    const names = path.split('.')
    let place = trace as Record<string, object>
    for (const name of names.slice(0, -1)) place = (place[name] ??= {}) as Record<string, object>
    place[names.at(-1)!] = new arrayOf[type](bytes, from + at, count)
  }
  return trace
}

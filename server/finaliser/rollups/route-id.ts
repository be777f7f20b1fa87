/** The id of a route in the rollups: `sipHash64(root_service, root_name)` as ClickHouse computes it, 16 hex digits. */
export function routeId(service: string, name: string): string {
  let ids = known.get(service)
  let id = ids?.get(name)
  if (id !== undefined) return id
  if (size++ >= mostKnown) {
    known.clear()
    ids = undefined
    size = 1
  }
  if (ids === undefined) known.set(service, (ids = new Map()))
  ids.set(name, (id = sipHash64(service, name).toString(16).padStart(16, '0')))
  return id
}

/** By service and name, which are not put together for each request. */
const known = new Map<string, Map<string, string>>()
let size = 0
const mostKnown = 10_000

/** SipHash-2-4 with a key of zeros; of several values the hash of their hashes, as ClickHouse combines them. */
export function sipHash64(...values: readonly string[]): bigint {
  return values
    .map((value) => sip(Buffer.from(value)))
    .reduce((before, hash) => {
      const pair = Buffer.alloc(16)
      pair.writeBigUInt64LE(before, 0)
      pair.writeBigUInt64LE(hash, 8)
      return sip(pair)
    })
}

const word = (value: bigint): bigint => BigInt.asUintN(64, value)
const rotated = (value: bigint, by: bigint): bigint => word((value << by) | (value >> (64n - by)))

function sip(bytes: Buffer): bigint {
  let v0 = 0x736f6d6570736575n
  let v1 = 0x646f72616e646f6dn
  let v2 = 0x6c7967656e657261n
  let v3 = 0x7465646279746573n
  const round = (): void => {
    v0 = word(v0 + v1)
    v1 = rotated(v1, 13n) ^ v0
    v0 = rotated(v0, 32n)
    v2 = word(v2 + v3)
    v3 = rotated(v3, 16n) ^ v2
    v0 = word(v0 + v3)
    v3 = rotated(v3, 21n) ^ v0
    v2 = word(v2 + v1)
    v1 = rotated(v1, 17n) ^ v2
    v2 = rotated(v2, 32n)
  }
  const take = (block: bigint): void => {
    v3 ^= block
    round()
    round()
    v0 ^= block
  }
  const whole = bytes.length - (bytes.length % 8)
  for (let at = 0; at < whole; at += 8) take(bytes.readBigUInt64LE(at))
  const last = Buffer.alloc(8)
  bytes.copy(last, 0, whole)
  last[7] = bytes.length & 0xff
  take(last.readBigUInt64LE())
  v2 ^= 0xffn
  for (let i = 0; i < 4; i++) round()
  return v0 ^ v1 ^ v2 ^ v3
}

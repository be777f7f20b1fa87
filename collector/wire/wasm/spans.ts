/**
 * The usual span, from protobuf to columns, in WebAssembly (AssemblyScript; `node scripts/wasm.mjs` compiles it to spans.wasm).
 * Takes spans whose fields come in the order of their numbers and whose attributes have the bytes of a template, but for the values of
 * attributes that stay in the row; every other span is left to `../scan.ts`, which is also what this is held against (test/fuzz,
 * `../fast-spans.test.ts`). Nothing is written of a span that is left. All memory is laid out here and read by `../fast-spans.ts`.
 */

/** Rows, bytes and entries that a batch may have here; what is beyond is left to the other scanner. Pages that are not used take no memory. */
export const maxRows: i32 = 320_000
export const maxBody: i32 = 16 * 1024 * 1024
/** Bytes that bodies may come into, so that they need not be copied here. */
export const bodyRoomBytes: i32 = 160 * 1024 * 1024
const maxEntries: i32 = 4_000_000
const maxValueBytes: i32 = 96 * 1024 * 1024
const maxExtBytes: i32 = 24 * 1024 * 1024
const maxStateBytes: i32 = 8 * 1024 * 1024
const maxTemplateBytes: i32 = 16 * 1024 * 1024
const maxSharedBytes: i32 = 4 * 1024 * 1024
/** Resources and scopes that are known at a time; a power of two, half of the places for them. */
export const maxShared: i32 = 4096
/** Attributes of the row that a template may have. */
export const maxRowAttributes: i32 = 64
/** Loads and stores take 16 bytes at a time and may run over an end by so many. */
const slack: i32 = 64

const places: i32 = 2048
const ways: i32 = 2

// Where everything is. One after the other, on cache lines.
const tableAt: i32 = 4096
/** Of the span that is being read: begin and end of the KeyValue of each attribute of the row, begin of its text or 0, else its integer. */
const matchAt: i32 = tableAt + places * ways * 4
const templatesAt: i32 = matchAt + maxRowAttributes * 16
const templatesEnd: i32 = templatesAt + maxTemplateBytes
const sharedTableAt: i32 = templatesEnd + slack
const sharedAt: i32 = sharedTableAt + maxShared * 2 * 4
const sharedEnd: i32 = sharedAt + maxSharedBytes
export const bodyAt: i32 = sharedEnd + slack
export const traceIdAt: i32 = bodyAt + maxBody + slack
export const spanIdAt: i32 = traceIdAt + maxRows * 16
export const parentIdAt: i32 = spanIdAt + maxRows * 8
export const startAt: i32 = parentIdAt + maxRows * 8
export const durationAt: i32 = startAt + maxRows * 8
export const kindAt: i32 = durationAt + maxRows * 8
export const statusAt: i32 = kindAt + maxRows
export const flagsAt: i32 = statusAt + maxRows
export const resourceAt: i32 = flagsAt + maxRows * 4
export const scopeAt: i32 = resourceAt + maxRows * 8
export const attrsetAt: i32 = scopeAt + maxRows * 8
export const serviceAt: i32 = attrsetAt + maxRows * 8
export const nameAt: i32 = serviceAt + maxRows * 2
export const entriesAt: i32 = nameAt + maxRows * 2
export const keyAt: i32 = entriesAt + maxRows * 8
export const valueAt: i32 = keyAt + maxEntries * 2
export const extAt: i32 = valueAt + maxValueBytes + slack
export const traceStateAt: i32 = extAt + maxExtBytes + slack
export const bodyRoomAt: i32 = traceStateAt + maxStateBytes + slack
/** Bytes of all. */
export const memoryEnd: i32 = bodyRoomAt + bodyRoomBytes + slack

// How much of the columns is filled.
let rows: i32 = 0
let entries: i32 = 0
let valueBytes: i32 = 0
let extBytes: i32 = 0
let stateBytes: i32 = 0

/** Drops what is beyond. */
export function truncate(toRows: i32, toEntries: i32, toValues: i32, toExt: i32, toStates: i32): void {
  rows = toRows
  entries = toEntries
  valueBytes = toValues
  extBytes = toExt
  stateBytes = toStates
  tell()
}

/** Where `tell` writes; reading a global from outside takes longer than a span. */
export const toldAt: i32 = 1024

function tell(): void {
  store<i32>(toldAt, rows)
  store<i32>(toldAt, entries, 4)
  store<i32>(toldAt, valueBytes, 8)
  store<i32>(toldAt, extBytes, 12)
  store<i32>(toldAt, stateBytes, 16)
  store<i32>(toldAt, messages, 20)
  store<i32>(toldAt, spanFrom, 24)
  store<i32>(toldAt, spanTo, 28)
  store<i32>(toldAt, next, 32)
  store<i32>(toldAt, template, 36)
  store<u64>(toldAt, firstStart, 40)
  store<u64>(toldAt, lastStart, 48)
}

// What `spans` needs to know.
let resource: u64 = 0
let scope: u64 = 0
let service: i32 = 0
let epoch: i32 = 0
let now: i32 = 0
let generation: i32 = 0

/** @param atGeneration of the dictionaries that indexes of templates are of. @param atTime Unix seconds */
export function beginRequest(atGeneration: i32, atTime: i32): void {
  generation = atGeneration
  now = atTime
  firstStart = u64.MAX_VALUE
  lastStart = 0
  tell()
}

export function setResource(low: i32, high: i32, serviceIndex: i32): void {
  resource = ((high as u64) << 32) | (low as u32 as u64)
  service = serviceIndex
}

export function setScope(low: i32, high: i32): void {
  scope = ((high as u64) << 32) | (low as u32 as u64)
}

// What came of it.
/** Of the spans that were stored since `beginRequest`, Unix ns. */
let firstStart: u64 = u64.MAX_VALUE
let lastStart: u64 = 0
/** Messages (spans and their attributes) that `spans` has read and stored. */
let messages: i32 = 0
/** The span that is left, and where to go on. */
let spanFrom: i32 = 0
let spanTo: i32 = 0
let next: i32 = 0
/** The template that indexes must be given. */
let template: i32 = 0
/** Where `learn` puts what the span that is left looks like. */
let place: i32 = 0

// What `spans` returns.
export const finished: i32 = 0
/** The span is left. */
export const left: i32 = 1
/** The span is left, and the next one like it need not be when `learn` is told what it looks like. */
export const unknown: i32 = 2
/** `spans` must be called again with the same span after the indexes of `template` were written. */
export const unprepared: i32 = 3

// A length and where it ends: several results of one function.
let size: i32 = 0

/** Reads a length into `size`; returns where it ends, or 0 when it is longer than four bytes or its content runs past `end`. */
function length(at: i32, end: i32): i32 {
  if (at >= end) return 0
  size = load<u8>(at++)
  if (size >= 0x80) {
    size &= 0x7f
    let shift = 7
    for (;;) {
      if (at >= end || shift > 21) return 0
      const byte: i32 = load<u8>(at++)
      size |= (byte & 0x7f) << shift
      if (byte < 0x80) break
      shift += 7
    }
  }
  return size <= end - at ? at : 0
}

/** Where `shared` puts begin and end of the first field and of the schema URL, 0 where there is none. */
export const sharedToldAt: i32 = toldAt + 64

/**
 * What the spans of a ResourceSpans or ScopeSpans share: whether its fields are at most one Resource or scope (1), at most one schema URL (3)
 * and what it is for (2), none cut off.
 * @returns the number that `remember` gave these bytes; -1: none yet; -2: there are other fields.
 */
export function shared(from: i32, to: i32, what: i32): i32 {
  let first = 0
  let firstEnd = 0
  let schema = 0
  let schemaEnd = 0
  for (let at = from; at < to;) {
    const tag: i32 = load<u8>(at)
    at = length(at + 1, to)
    if (at === 0) return -2
    if (tag === 0x0a && first === 0) {
      first = at
      firstEnd = at + size
    } else if (tag === 0x1a && schema === 0) {
      schema = at
      schemaEnd = at + size
    } else if (tag !== 0x12) return -2
    at += size
  }
  store<i32>(sharedToldAt, first)
  store<i32>(sharedToldAt, firstEnd, 4)
  store<i32>(sharedToldAt, schema, 8)
  store<i32>(sharedToldAt, schemaEnd, 12)
  const firstSize = firstEnd - first
  const schemaSize = schemaEnd - schema
  let hash = hashOf(hashSeed ^ ((((what << 28) | firstSize) as u64) << 32) ^ (schemaSize as u64), first, firstSize)
  hash = hashOf(hash, schema, schemaSize)
  const mask = maxShared * 2 - 1
  for (let i = ((hash >> 40) as i32) & mask; ; i = (i + 1) & mask) {
    sharedPlace = sharedTableAt + i * 4
    const entry = load<i32>(sharedPlace)
    if (entry === 0) break
    if (
      load<i32>(entry) === what &&
      load<i32>(entry, 4) === firstSize &&
      load<i32>(entry, 8) === schemaSize &&
      equal(entry + 16, first, firstSize) &&
      equal(entry + 16 + firstSize, schema, schemaSize)
    )
      return load<i32>(entry, 12)
  }
  sharedWhat = what
  return -1
}

let sharedPlace: i32 = 0
let sharedWhat: i32 = 0
let sharedCount: i32 = 0
let sharedUsed: i32 = sharedAt

/** Remembers the bytes that `shared` was asked for last; returns their number, or -1 when there is no room until `forget`. */
export function remember(): i32 {
  const first = load<i32>(sharedToldAt)
  const firstSize = load<i32>(sharedToldAt, 4) - first
  const schema = load<i32>(sharedToldAt, 8)
  const schemaSize = load<i32>(sharedToldAt, 12) - schema
  const bytes = (16 + firstSize + schemaSize + slack + 15) & ~15
  if (sharedCount === maxShared || bytes > sharedEnd - sharedUsed) return -1
  const entry = sharedUsed
  sharedUsed += bytes
  store<i32>(sharedPlace, entry)
  store<i32>(entry, sharedWhat)
  store<i32>(entry, firstSize, 4)
  store<i32>(entry, schemaSize, 8)
  store<i32>(entry, sharedCount, 12)
  copy(entry + 16, first, firstSize)
  copy(entry + 16 + firstSize, schema, schemaSize)
  return sharedCount++
}

/** Stores the spans of a ScopeSpans that passed `shared`, from one of its fields on, until one is left. */
export function spans(from: i32, to: i32, atEpoch: i32): i32 {
  epoch = atEpoch
  messages = 0
  let outcome = finished
  for (let at = from; at < to && outcome === finished;) {
    next = at
    const tag: i32 = load<u8>(at)
    const content = length(at + 1, to)
    at = content + size
    if (tag !== 0x12) continue
    outcome = span(content, at)
    spanFrom = content
    spanTo = at
    if (outcome !== unprepared) next = at
  }
  tell()
  return outcome
}

function span(from: i32, end: i32): i32 {
  let at = from
  // Ids.
  if (end - at < 28 || load<u16>(at) !== 0x100a || load<u16>(at, 18) !== 0x0812) return left
  const traceId = at + 2
  const spanId = at + 20
  at += 28
  let stateFrom = 0
  let stateSize = 0
  if (end - at >= 2 && load<u8>(at) === 0x1a) {
    stateSize = load<u8>(at, 1)
    if (stateSize >= 0x80 || stateSize > end - at - 2) return left
    stateFrom = at + 2
    at += 2 + stateSize
  }
  let parentId: u64 = 0
  if (end - at >= 10 && load<u16>(at) === 0x0822) {
    parentId = load<u64>(at, 2)
    at += 10
  } else if (end - at >= 2 && load<u16>(at) === 0x0022) at += 2
  if (end - at < 2 || load<u8>(at) !== 0x2a) return left
  const nameSize: i32 = load<u8>(at, 1)
  const name = at + 2
  if (nameSize >= 0x80 || nameSize > end - name) return left
  at = name + nameSize
  let kind: i32 = 0
  if (end - at >= 2 && load<u8>(at) === 0x30) {
    kind = load<u8>(at, 1)
    if (kind > 5) return left
    at += 2
  }
  if (end - at < 19 || load<u8>(at) !== 0x39 || load<u8>(at, 9) !== 0x41 || load<u8>(at, 18) !== 0x4a) return left
  const start = load<u64>(at, 1)
  const stop = load<u64>(at, 10)
  at += 18

  const found = find(name, nameSize, kind, at, end)
  if (found === 0) return unknown
  at = matchEnd
  let status: i32 = 0
  if (end - at >= 2 && load<u8>(at) === 0x7a) {
    const statusSize: i32 = load<u8>(at, 1)
    if (statusSize === 2 && end - at >= 4 && load<u8>(at, 2) === 0x18 && load<u8>(at, 3) <= 2) status = load<u8>(at, 3)
    else if (statusSize !== 0) return left
    at += 2 + statusSize
  }
  let flags: u32 = 0
  if (end - at >= 6 && load<u16>(at) === 0x0185) {
    flags = load<u32>(at, 2)
    at += 6
  }
  if (at !== end) return left

  if ((load<u64>(traceId) | load<u64>(traceId, 8)) === 0 || load<u64>(spanId) === 0) return left
  // Missing, or after the year 2262.
  if ((start as i64) <= 0 || (stop as i64) <= 0) return left
  const spanSize = end - from
  if (
    rows >= maxRows ||
    entries + maxRowAttributes > maxEntries ||
    valueBytes + spanSize > maxValueBytes ||
    extBytes + spanSize + 8 > maxExtBytes ||
    stateBytes + stateSize + 1 > maxStateBytes
  )
    return left
  if (load<i32>(found, generationOf) !== generation) {
    template = found
    return unprepared
  }

  const count = load<i32>(found, keysOf)
  if (!writeAttributes(found, count)) return left
  messages += 1 + load<i32>(found, attributesOf)
  const row = rows++
  v128.store(traceIdAt + row * 16, v128.load(traceId))
  store<u64>(spanIdAt + row * 8, load<u64>(spanId))
  store<u64>(parentIdAt + row * 8, parentId)
  store<u64>(startAt + row * 8, start)
  store<u64>(durationAt + row * 8, stop - start)
  store<u8>(kindAt + row, kind)
  store<u8>(statusAt + row, status)
  store<u32>(flagsAt + row * 4, flags)
  store<u64>(resourceAt + row * 8, resource)
  store<u64>(scopeAt + row * 8, scope)
  store<u64>(attrsetAt + row * 8, load<u64>(found, setOf))
  store<u16>(serviceAt + row * 2, service)
  store<u16>(nameAt + row * 2, load<i32>(found, nameIndexOf))
  store<u64>(entriesAt + row * 8, entries)
  const state = traceStateAt + stateBytes
  store<u8>(state, stateSize)
  copy(state + 1, stateFrom, stateSize)
  stateBytes += 1 + stateSize
  if (start < firstStart) firstStart = start
  if (start > lastStart) lastStart = start
  return finished
}

/** Writes entries of the map and `ext` of a span that matched; false, with nothing written, when a value is neither text nor a small integer. */
function writeAttributes(found: i32, count: i32): bool {
  let extSize = 0
  const matchesEnd = matchAt + count * 16
  for (let match = matchAt; match < matchesEnd; match += 16) {
    if (load<i32>(match, 8) !== 0) continue
    const from = load<i32>(match)
    const to = load<i32>(match, 4)
    const integer = smallInteger(load<i32>(match, 12), to)
    if (integer < 0) return false
    store<i32>(match, integer, 12)
    extSize += 1 + lengthSize(to - from) + to - from
  }
  let value = valueAt + valueBytes
  let key = keyAt + entries * 2
  let index = found + segmentsOf + load<i32>(found, segmentCountOf) * 12
  for (let match = matchAt; match < matchesEnd; match += 16) {
    const text = load<i32>(match, 8)
    if (text !== 0) {
      const textSize = load<i32>(match, 4) - text
      value = writeLength(value, textSize)
      copy(value, text, textSize)
      value += textSize
    } else value = writeDigits(value, load<i32>(match, 12))
    store<u16>(key, load<i32>(index))
    key += 2
    index += 4
  }
  valueBytes = value - valueAt
  entries += count
  let ext = writeLength(extAt + extBytes, extSize)
  if (extSize > 0) {
    for (let match = matchAt; match < matchesEnd; match += 16) {
      if (load<i32>(match, 8) !== 0) continue
      const from = load<i32>(match)
      const keyValueSize = load<i32>(match, 4) - from
      store<u8>(ext++, 0x4a)
      ext = writeLength(ext, keyValueSize)
      copy(ext, from, keyValueSize)
      ext += keyValueSize
    }
  }
  extBytes = ext - extAt
  return true
}

/** A non-negative int below 2^28 that is all of the AnyValue at `from`, or -1. */
function smallInteger(from: i32, to: i32): i32 {
  if (from >= to || load<u8>(from) !== 0x18) return -1
  let integer = 0
  for (let at = from + 1, shift = 0; at < to && shift <= 21; shift += 7) {
    const byte: i32 = load<u8>(at++)
    integer |= (byte & 0x7f) << shift
    if (byte < 0x80) return at === to ? integer : -1
  }
  return -1
}

function lengthSize(value: i32): i32 {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4
}

function writeLength(at: i32, value: i32): i32 {
  while (value >= 0x80) {
    store<u8>(at++, (value & 0x7f) | 0x80)
    value >>= 7
  }
  store<u8>(at, value)
  return at + 1
}

/** Decimal digits after their number. */
function writeDigits(at: i32, value: i32): i32 {
  let digits = 1
  for (let rest = value; rest >= 10; rest /= 10) digits++
  store<u8>(at, digits)
  for (let i = at + digits; i > at; i--) {
    store<u8>(i, 48 + (value % 10))
    value /= 10
  }
  return at + 1 + digits
}

/** Copies `count` bytes, and up to 15 more. */
function copy(to: i32, from: i32, count: i32): void {
  if (count > 256) {
    memory.copy(to, from, count)
    return
  }
  for (let i = 0; i < count; i += 16) v128.store(to + i, v128.load(from + i))
}

function equal(a: i32, b: i32, count: i32): bool {
  let i = 0
  for (; i + 16 <= count; i += 16) if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false
  let rest = count - i
  if (rest >= 8) {
    if (load<u64>(a + i) !== load<u64>(b + i)) return false
    i += 8
    rest -= 8
  }
  return rest === 0 || (load<u64>(a + i) ^ load<u64>(b + i)) << ((64 - rest * 8) as u64) === 0
}

/*
 * A template: what the attributes of a span of one operation look like. A list of segments; bytes of one or more interned attributes
 * must come again as they were, of an attribute that stays in the row only those of its key and the tag of its value.
 */
export const nameSizeOf: i32 = 0
export const segmentCountOf: i32 = 4
/** How many of the segments are attributes of the row. */
export const keysOf: i32 = 8
/** How many attributes it has. */
export const attributesOf: i32 = 12
/** Id of the set of its interned attributes. */
export const setOf: i32 = 16
/** `epoch` when it was learned, and until when (Unix seconds) the set needs no writing. */
export const epochOf: i32 = 24
export const untilOf: i32 = 28
/** Of the dictionaries that the indexes are of. */
export const generationOf: i32 = 32
export const nameIndexOf: i32 = 36
/** Where the bytes of the segments begin; the name is before them. */
export const bytesOf: i32 = 40
/** Begin and size of the bytes of each segment, 1 for an attribute of the row; then an index for each of those. */
export const segmentsOf: i32 = 48

let templatesUsed: i32 = templatesAt

/** Forgets all templates. */
function forgetTemplates(): void {
  memory.fill(tableAt, 0, places * ways * 4)
  templatesUsed = templatesAt
}

/** Forgets all resources and scopes; their numbers begin anew. */
export function forgetShared(): void {
  memory.fill(sharedTableAt, 0, maxShared * 2 * 4)
  sharedUsed = sharedAt
  sharedCount = 0
}

/** Forgets everything that was learned. */
export function forget(): void {
  forgetTemplates()
  forgetShared()
}

/** Room for a template of so many bytes, which counts from now on at the place that `spans` looked at last; 0 when there is none. */
export function learn(bytes: i32): i32 {
  bytes = (bytes + slack + 15) & ~15
  if (bytes > maxTemplateBytes) return 0
  if (templatesUsed + bytes > templatesEnd) forgetTemplates()
  const at = templatesUsed
  templatesUsed += bytes
  // The other way is the one that was learned before.
  store<i32>(place + 4, load<i32>(place))
  store<i32>(place, at)
  return at
}

let hashSeed: u64 = 0

/** @param seed that nobody outside knows */
export function seed(low: i32, high: i32): void {
  hashSeed = ((high as u64) << 32) | (low as u32 as u64)
}

function hashOf(hash: u64, from: i32, count: i32): u64 {
  let i = 0
  for (; i + 8 <= count; i += 8) hash = rotl(hash ^ load<u64>(from + i), 29) * 0x9e3779b97f4a7c15
  const rest = count - i
  if (rest > 0) hash = (hash ^ (load<u64>(from + i) << ((64 - rest * 8) as u64))) * 0x9e3779b97f4a7c15
  hash ^= hash >> 32
  return hash * 0xd6e8feb86659fd93
}

function placeOf(name: i32, nameSize: i32, kind: i32): i32 {
  const hash = hashOf(hashSeed ^ resource ^ (((kind << 8) | nameSize) as u64), name, nameSize)
  return tableAt + (((hash >> 40) as i32) & (places - 1)) * ways * 4
}

let matchEnd: i32 = 0

/** The template that the attributes from `from` on match, or 0. */
function find(name: i32, nameSize: i32, kind: i32, from: i32, end: i32): i32 {
  place = placeOf(name, nameSize, kind)
  for (let way = 0; way < ways; way++) {
    const found = load<i32>(place + way * 4)
    if (
      found !== 0 &&
      load<i32>(found, epochOf) === epoch &&
      load<i32>(found, untilOf) > now &&
      load<i32>(found, nameSizeOf) === nameSize &&
      equal(load<i32>(found, bytesOf), name, nameSize) &&
      matches(found, from, end)
    )
      return found
  }
  return 0
}

function matches(found: i32, from: i32, end: i32): bool {
  let at = from
  let match = matchAt
  let segment = found + segmentsOf
  for (const last = segment + load<i32>(found, segmentCountOf) * 12; segment < last; segment += 12) {
    const bytes = load<i32>(segment)
    const count = load<i32>(segment, 4)
    if (load<i32>(segment, 8) === 0) {
      if (count > end - at || !equal(bytes, at, count)) return false
      at += count
      continue
    }
    if (at + 3 > end || load<u8>(at) !== 0x4a) return false
    let keyValueSize: i32 = load<u8>(at, 1)
    at += 2
    if (keyValueSize >= 0x80) {
      const more: i32 = load<u8>(at++)
      if (more >= 0x80) return false
      keyValueSize = (keyValueSize & 0x7f) | (more << 7)
    }
    const to = at + keyValueSize
    if (to > end || count > keyValueSize || !equal(bytes, at, count)) return false
    const value = length(at + count, to)
    if (value === 0 || value + size !== to) return false
    let text = 0
    if (value < to && load<u8>(value) === 0x0a) {
      text = length(value + 1, to)
      if (text !== 0 && text + size !== to) text = 0
    }
    store<i32>(match, at)
    store<i32>(match, to, 4)
    store<i32>(match, text, 8)
    store<i32>(match, value, 12)
    match += 16
    at = to
  }
  matchEnd = at
  return at === end || load<u8>(at) !== 0x4a
}

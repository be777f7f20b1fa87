import { randomInt } from 'node:crypto'
import { ByteDictionary } from '../../storage/byte-dictionary.ts'
import type { ByteBuffer } from '../../storage/bytes.ts'
import { writeWords, writeWordsPrefix, type Column } from '../../storage/native-columns.ts'
import { blockOf, type NativeBlock } from '../../storage/native.ts'
import { spanColumnTypes } from './span-block.ts'
import { instantiate } from './wasm/instantiate.ts'

/** How much of the columns is filled: rows, entries of `attrs`, bytes of its values, of `ext` and of `trace_state`. */
export type FastMark = readonly [number, number, number, number, number]

/** What the span looked like that was left, for the next of its operation to be told by. Positions are those of the body. */
export interface Lesson {
  readonly nameFrom: number
  readonly nameTo: number
  /** Begin and end of its attributes, which follow each other, and how many they are. */
  readonly from: number
  readonly to: number
  readonly attributes: number
  /** Begin and end of the KeyValue and end of the key of each attribute of the row, `length` numbers. */
  readonly row: Int32Array
  readonly length: number
  readonly set: LearnedSet
}

/** An attribute set, the epoch of the interner, and until when (Unix seconds) the set needs no writing. */
export interface LearnedSet {
  low: number
  high: number
  epoch: number
  until: number
}

/** A resource or scope: its id, and its service or name. */
export interface Shared {
  readonly low: number
  readonly high: number
  readonly name: string
}

/** Field 9 of a Span, length-delimited. */
const attributeTag = 0x4a
/** A template may take so many bytes. */
const mostBytes = 4096
/** Indexes are of 16 bits. */
const mostWords = 0xffff

/**
 * Usual spans, told by comparing them with the last of their operation, and their columns: the WebAssembly of `wasm/spans.ts`, which
 * reads several times faster than `scan.ts` and leaves to it what it does not know.
 */
export class FastSpans {
  private readonly wasm = instantiate()
  private readonly bytes = new Uint8Array(this.wasm.memory.buffer)
  private readonly ints = new Int32Array(this.wasm.memory.buffer)
  private readonly view = new DataView(this.wasm.memory.buffer)
  private readonly told = this.wasm.at.toldAt / 4
  private readonly sharedTold = this.wasm.at.sharedToldAt / 4
  /** Where the body is that is being read. */
  private bodyAt = 0
  // Dictionaries of the block.
  private readonly services = new ByteDictionary()
  private readonly names = new ByteDictionary()
  private readonly keys = new ByteDictionary()
  private readonly serviceIndexes = new Map<string, number>()
  private generation = 1
  private readonly remembered: Shared[] = []
  /** In all rows. */
  same = { batch: 0n, receivedAt: 0 }
  readonly block: NativeBlock<never> = this.blockOfColumns()
  /** Whom the templates are of. */
  private owner: object | undefined
  /** Whether the body is here. */
  private holds = false

  private readonly maxBody: number

  /** @param maxBody bytes that a body may have; 0: no span is usual. */
  constructor(maxBody = Infinity) {
    this.maxBody = Math.min(maxBody, this.wasm.at.maxBody)
    this.wasm.seed(randomInt(2 ** 32), randomInt(2 ** 32))
  }

  get rows(): number {
    return this.ints[this.told]!
  }

  mark(): FastMark {
    const { ints, told } = this
    return [ints[told]!, ints[told + 1]!, ints[told + 2]!, ints[told + 3]!, ints[told + 4]!]
  }

  truncate(mark: FastMark): void {
    this.wasm.truncate(...mark)
    if (mark[0] > 0) return
    for (const words of [this.services, this.names, this.keys]) words.clear()
    this.serviceIndexes.clear()
    this.generation++
  }

  /** Takes the body, when it is not too large. @param owner whose attribute sets they are. @param now Unix seconds */
  begin(body: Uint8Array, owner: object, now: number): void {
    if (this.owner !== owner) this.forget()
    this.owner = owner
    this.holds = body.length <= this.maxBody
    if (this.holds) this.bodyAt = this.bodyIn(body)
    this.wasm.beginRequest(this.generation, now)
  }

  /** Where it is, or is copied to. */
  private bodyIn(body: Uint8Array): number {
    if (body.buffer === this.wasm.memory.buffer) return body.byteOffset
    this.bytes.set(body, this.wasm.at.bodyAt)
    return this.wasm.at.bodyAt
  }

  /** Room for bodies that need not be copied when they are read. */
  bodyRoom(): Buffer {
    const { at, memory } = this.wasm
    return Buffer.from(memory.buffer, at.bodyRoomAt, at.bodyRoomBytes)
  }

  /** Where a body that is not in one piece can be put together just before it is read. */
  scratch(): Buffer {
    const { at, memory } = this.wasm
    return Buffer.from(memory.buffer, at.bodyAt, at.maxBody)
  }

  private forget(): void {
    this.wasm.forget()
    this.remembered.length = 0
  }

  /** What follows is of this resource. */
  resource({ low, high, name }: Shared): void {
    if (!this.holds) return
    let index = this.serviceIndexes.get(name)
    if (index === undefined) {
      const bytes = Buffer.from(name)
      index = this.services.indexOf(viewOf(bytes), 0, bytes.length)
      if (index > mostWords) return void (this.holds = false)
      this.serviceIndexes.set(name, index)
    }
    this.wasm.setResource(low, high, index)
  }

  /** What follows is of this scope. */
  scope({ low, high }: Shared): void {
    this.wasm.setScope(low, high)
  }

  /**
   * What the spans of a ResourceSpans (`what` 1) or ScopeSpans (2) share, when it was remembered; 'usual': it was not, and there is at most one
   * Resource or scope (`firstFrom` …), one schema URL and nothing else that is not spans; undefined: there is, or it is not known.
   */
  shared(from: number, to: number, what: 1 | 2): Shared | 'usual' | undefined {
    if (!this.holds) return undefined
    const found = this.wasm.shared(from + this.bodyAt, to + this.bodyAt, what)
    return found >= 0 ? this.remembered[found] : found === -1 ? 'usual' : undefined
  }
  /** Remembers what `shared` was asked for last. */
  remember(what: Shared): Shared {
    const found = this.wasm.remember()
    if (found < 0) {
      // It does not matter where it would have gone.
      this.wasm.forgetShared()
      this.remembered.length = 0
      return what
    }
    this.remembered[found] = what
    return what
  }
  get firstFrom(): number {
    return this.position(this.sharedTold)
  }
  get firstTo(): number {
    return this.position(this.sharedTold + 1)
  }
  get schemaFrom(): number {
    return this.position(this.sharedTold + 2)
  }
  get schemaTo(): number {
    return this.position(this.sharedTold + 3)
  }

  /** Of the span that is left. */
  get spanFrom(): number {
    return this.position(this.told + 6)
  }
  get spanTo(): number {
    return this.position(this.told + 7)
  }
  /** Where `spans` goes on behind it. */
  get next(): number {
    return this.position(this.told + 8)
  }
  /** Messages that the last call of `spans` has read and stored. */
  get messages(): number {
    return this.ints[this.told + 5]!
  }
  /** Of the spans stored since `begin`, Unix ns; the largest number and 0 when there is none. */
  get firstStart(): bigint {
    return this.view.getBigUint64(this.told * 4 + 40, true)
  }
  get lastStart(): bigint {
    return this.view.getBigUint64(this.told * 4 + 48, true)
  }

  private position(at: number): number {
    const address = this.ints[at]!
    return address === 0 ? 0 : address - this.bodyAt
  }

  /**
   * Stores the spans of a ScopeSpans that `shared` has not left.
   * @returns whether one is left; 'unknown': the next like it need not be, when `learn` is called.
   */
  spans(from: number, to: number, epoch: number): 'finished' | 'left' | 'unknown' {
    const { wasm, bodyAt } = this
    for (let at = from; ; at = this.next) {
      const outcome = wasm.spans(at + bodyAt, to + bodyAt, epoch)
      if (outcome === wasm.at.finished) return 'finished'
      if (outcome === wasm.at.unknown) return 'unknown'
      if (outcome === wasm.at.left || !this.prepare(this.ints[this.told + 9]!)) return 'left'
    }
  }

  /** Gives the indexes of a template that has none of this block; false when there are too many words. */
  private prepare(template: number): boolean {
    const { ints, view, wasm, names, keys } = this
    const { at } = wasm
    const field = (offset: number) => ints[(template + offset) >> 2]!
    const bytes = field(at.bytesOf)
    const segments = (template + at.segmentsOf) >> 2
    const indexes = segments + field(at.segmentCountOf) * 3
    const name = names.indexOf(view, bytes, bytes + field(at.nameSizeOf))
    let most = name
    for (let i = segments, key = indexes; i < indexes; i += 3) {
      if (ints[i + 2] === 0) continue
      // The key lies between its tag and length and the tag of the value.
      const index = keys.indexOf(view, ints[i]! + 2, ints[i]! + ints[i + 1]! - 1)
      ints[key++] = index
      most = Math.max(most, index)
    }
    if (most > mostWords) return false
    ints[(template + at.nameIndexOf) >> 2] = name
    ints[(template + at.generationOf) >> 2] = this.generation
    return true
  }

  /** Keeps what the span looks like that `spans` left last as unknown. */
  learn({ nameFrom, nameTo, from, to, attributes, row, length, set }: Lesson): void {
    const { wasm, bytes, ints, bodyAt } = this
    const { at } = wasm
    const nameSize = nameTo - nameFrom
    if (nameSize + to - from > mostBytes || length / 3 > at.maxRowAttributes) return
    // Begin and end in the body, 1 for an attribute of the row.
    const segments: number[] = []
    const add = (begin: number, end: number, inRow: 0 | 1) => begin < end && segments.push(begin, end, inRow)
    let end = from
    for (let i = 0; i < length; i += 3) {
      const begin = row[i]!
      const tag = begin - (row[i + 1]! - begin < 0x80 ? 2 : 3)
      if (tag < end || bytes[tag + bodyAt] !== attributeTag) return
      add(end, tag, 0)
      // With the tag of the value.
      add(begin, row[i + 2]! + 1, 1)
      end = row[i + 1]!
    }
    add(end, to, 0)
    const head = at.segmentsOf + segments.length * 4 + (length / 3) * 4
    const template = wasm.learn(head + nameSize + to - from)
    if (template === 0) return
    const put = (offset: number, value: number) => (ints[(template + offset) >> 2] = value)
    put(at.nameSizeOf, nameSize)
    put(at.segmentCountOf, segments.length / 3)
    put(at.keysOf, length / 3)
    put(at.attributesOf, attributes)
    put(at.setOf, set.low)
    put(at.setOf + 4, set.high)
    put(at.epochOf, set.epoch)
    put(at.untilOf, Math.min(set.until, 0x7fffffff))
    put(at.generationOf, 0)
    put(at.bytesOf, template + head)
    let free = template + head
    const copy = (begin: number, end: number) => {
      bytes.copyWithin(free, begin + bodyAt, end + bodyAt)
      free += end - begin
    }
    copy(nameFrom, nameTo)
    for (let i = 0; i < segments.length; i += 3) {
      put(at.segmentsOf + i * 4, free)
      put(at.segmentsOf + i * 4 + 4, segments[i + 1]! - segments[i]!)
      put(at.segmentsOf + i * 4 + 8, segments[i + 2]!)
      copy(segments[i]!, segments[i + 1]!)
    }
  }

  private blockOfColumns(): NativeBlock<never> {
    const { bytes, told, ints, wasm, services, names, keys } = this
    const { at } = wasm
    const rows = () => ints[told]!
    const column = (
      size: () => number,
      writeData: (out: ByteBuffer) => void,
      writePrefix: (out: ByteBuffer) => void = () => {},
    ): Column<never> => ({
      get rows() {
        return rows()
      },
      push: () => {
        throw new Error('rows come from spans alone')
      },
      truncate() {},
      byteSize: size,
      writePrefix,
      writeData,
    })
    const region = (begin: number, size: () => number) => column(size, (out) => out.copy(bytes, begin, begin + size()))
    const fixed = (begin: number, width: number) => region(begin, () => rows() * width)
    const strings = (begin: number, told: number) => region(begin, () => ints[told]!)
    const words = (dictionary: ByteDictionary, begin: number) =>
      column(
        () => 32 + dictionary.content.length + rows() * 2,
        (out) => writeWords(out, dictionary, new Uint16Array(wasm.memory.buffer, begin, rows()), rows()),
        writeWordsPrefix,
      )
    const same = (width: number, write: (out: Buffer) => void) =>
      column(
        () => rows() * width,
        (out) => {
          const value = Buffer.alloc(width)
          write(value)
          out.reserve(rows() * width)
          out.bytes.fill(value, out.length, out.length + rows() * width)
          out.length += rows() * width
        },
      )
    const attrs = column(
      () => 32 + keys.content.length + rows() * 8 + ints[told + 1]! * 2 + ints[told + 2]!,
      (out) => {
        const entries = ints[told + 1]!
        out.copy(bytes, at.entriesAt, at.entriesAt + rows() * 8)
        writeWords(out, keys, new Uint16Array(wasm.memory.buffer, at.keyAt, entries), entries)
        out.copy(bytes, at.valueAt, at.valueAt + ints[told + 2]!)
      },
      writeWordsPrefix,
    )
    const columns: Record<string, Column<never>> = {
      trace_id: fixed(at.traceIdAt, 16),
      span_id: fixed(at.spanIdAt, 8),
      parent_id: fixed(at.parentIdAt, 8),
      start: fixed(at.startAt, 8),
      duration: fixed(at.durationAt, 8),
      kind: fixed(at.kindAt, 1),
      status: fixed(at.statusAt, 1),
      flags: fixed(at.flagsAt, 4),
      resource: fixed(at.resourceAt, 8),
      scope: fixed(at.scopeAt, 8),
      attrset: fixed(at.attrsetAt, 8),
      service: words(services, at.serviceAt),
      name: words(names, at.nameAt),
      attrs,
      trace_state: strings(at.traceStateAt, told + 4),
      // A usual span has none.
      status_message: same(1, () => {}),
      ext: strings(at.extAt, told + 3),
      batch: same(8, (out) => out.writeBigUInt64LE(this.same.batch)),
      received_at: same(4, (out) => out.writeUInt32LE(this.same.receivedAt)),
    }
    return blockOf(spanColumnTypes.map(([name, type]) => ({ name, type, column: columns[name]! })))
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

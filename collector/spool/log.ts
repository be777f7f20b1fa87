import { randomInt } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { lockDirectory } from '../../storage/data-directory.ts'
import { Overloaded } from '../pipeline/admission.ts'
import { realFiles, type Files } from './files.ts'
import * as record from './record.ts'
import { scanSegment, segmentName, segmentNames, type Place, type SegmentName } from './segment.ts'
import { setAsideFiles, writeSetAside, type Reason } from './set-aside.ts'

/** The spool cannot take it: its size is reached or the disk is full. */
export class SpoolFull extends Overloaded {
  constructor() {
    super('spool_full', retrySeconds)
  }
}
/** There is room again when ClickHouse is back: no hurry. */
const retrySeconds = 5

export interface SpoolOptions {
  readonly directory: string
  /** Of all files together. */
  readonly maxBytes: number
  readonly segmentBytes?: number
  /** What is left to others on the disk, the engine above all. */
  readonly leaveBytes?: number
  /** Bodies that are kept in memory until they are stored, so that they need not be read; 8 MiB. */
  readonly keepBytes?: number
  /** How long a predecessor may take to let go of the directory. */
  readonly lockWaitMs?: number
  readonly files?: Files
}

/** A record that waits to be stored. */
export interface Entry extends Place {
  readonly segment: Segment
  /** Written by an earlier process. */
  readonly recovered: boolean
  done: boolean
  /** As long as there is room for them in memory. */
  bodies: readonly Uint8Array[] | undefined
}

interface Segment extends SegmentName {
  bytes: number
  /** Not done yet. */
  records: number
  spans: number
  firstReceivedAt: number
  /** Undefined: not read. */
  entries: Entry[] | undefined
  readonly recovered: boolean
  touched: boolean
}

export interface SpoolState {
  readonly bytes: number
  readonly maxBytes: number
  readonly records: number
  readonly spans: number
  /** Unix seconds; undefined when nothing waits. */
  readonly oldestReceivedAt: number | undefined
  /** Files that wait for a person. */
  readonly setAside: Readonly<Record<Reason, number>>
}

interface Waiting {
  readonly record: record.SpoolRecord
  readonly sent: boolean
  readonly bytes: number
  readonly resolve: (kept: boolean) => void
  readonly reject: (error: unknown) => void
}

const noRoom = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const refusingMs = 1000

/**
 * Batches on disk, in the order in which they came: an append-only log in segments. What `append` has resolved survives
 * kill -9 and loss of power; what is done is forgotten with its segment. The log does not say how far it has been replayed: an
 * entry that may have been stored (`mayBeStored`) is asked for in ClickHouse.
 */
export class Spool {
  private readonly options: Required<SpoolOptions>
  private readonly lock: { release(): void }
  private readonly segments: Segment[] = []
  private active: { segment: Segment; file: FileHandle } | undefined
  private lastNumber = 0
  private queue: Waiting[] = []
  private writing: Promise<void> | undefined
  wake = () => {}
  private setAsideBytes = 0
  /** Of the bodies in memory. */
  private kept = 0
  private readonly setAside: Record<Reason, number> = { corrupt: 0, refused: 0 }
  private refused: { at: number; bytes: number } | undefined

  private constructor(options: Required<SpoolOptions>, lock: { release(): void }) {
    this.options = options
    this.lock = lock
  }

  /**
   * Opens the log in a directory, which it makes and locks.
   * @throws StartError when another process has it.
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const all = {
      ...{
        segmentBytes: Math.min(64 * 2 ** 20, options.maxBytes / 8),
        leaveBytes: 256 * 2 ** 20,
        keepBytes: 8 * 2 ** 20,
      },
      lockWaitMs: 15_000,
      ...{ files: realFiles, ...options },
    }
    const spool = new Spool(all, await lockDirectory(all.directory, all.lockWaitMs, 'the spool'))
    try {
      await spool.recover()
    } catch (error) {
      spool.lock.release()
      throw error
    }
    return spool
  }

  private async recover(): Promise<void> {
    const files = readdirSync(this.options.directory)
    for (const { reason, number, bytes } of setAsideFiles(this.options.directory, files)) {
      this.lastNumber = Math.max(this.lastNumber, number)
      this.setAside[reason]++
      this.setAsideBytes += bytes
    }
    for (const name of segmentNames(this.options.directory, files)) {
      this.lastNumber = Math.max(this.lastNumber, name.number)
      const { size } = statSync(name.path)
      const segment: Segment = { ...name, ...noneYet, bytes: size, recovered: true }
      this.segments.push(segment)
      const { corrupt } = this.load(segment)
      for (const { from, to } of corrupt) await this.putAside(segment, 'corrupt', from, to - from)
      // Read again when its turn comes: there may be millions of records.
      if (segment !== this.segments[0]) segment.entries = undefined
    }
    await this.removeDone()
  }

  /** Reads where the records of a segment are, and counts them. */
  private load(segment: Segment): { corrupt: { from: number; to: number }[] } {
    const { places, corrupt } = scanSegment(segment)
    segment.entries = places.map((place) => ({
      ...place,
      segment,
      recovered: segment.recovered,
      done: false,
      bodies: undefined,
    }))
    segment.records = places.length
    segment.spans = places.reduce((sum, { header }) => sum + header.rows, 0)
    segment.firstReceivedAt = places[0]?.header.receivedAt ?? 0
    return { corrupt }
  }

  /** Where it is: its name. */
  get directory(): string {
    return this.options.directory
  }

  private used(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, this.setAsideBytes)
  }

  /** The last append found no room, and none has been made since. Tells early what `append` would. */
  refusing(): boolean {
    if (!this.refused) return false
    return performance.now() - this.refused.at < refusingMs && this.used() >= this.refused.bytes
  }

  /**
   * Resolves when the record is on disk, to whether its bodies are kept in memory: when they are not, they are the caller's again.
   * @param sent whether an INSERT of this batch alone was begun already.
   * @throws SpoolFull; the error of the disk when it is broken.
   */
  append(what: record.SpoolRecord, sent: boolean): Promise<boolean> {
    const bytes = record.headerBytes + what.bodies.reduce((sum, body) => sum + body.length, 0)
    return new Promise((resolve, reject) => {
      this.queue.push({ record: what, sent, bytes, resolve, reject })
      this.writing ??= this.write()
    })
  }

  /** Group commit: what came during one fdatasync goes into the next. */
  private async write(): Promise<void> {
    // What is appended in the same turn belongs together.
    await undefined
    while (this.queue.length > 0) {
      const batch = this.queue
      this.queue = []
      const taken: Waiting[] = []
      const free = await this.options.files.free(this.options.directory).catch(() => Infinity)
      let room = Math.min(this.options.maxBytes - this.used(), free - this.options.leaveBytes)
      while (batch.length > 0 && batch[0]!.bytes <= room) {
        room -= batch[0]!.bytes
        taken.push(batch.shift()!)
      }
      try {
        const kept = taken.length > 0 ? await this.writeAll(taken) : []
        taken.forEach(({ resolve }, i) => resolve(kept[i]!))
        this.wake()
        if (batch.length > 0) this.refuse(batch, new SpoolFull())
      } catch (error) {
        const full = noRoom.has((error as NodeJS.ErrnoException).code ?? '')
        this.refuse([...taken, ...batch], full ? new SpoolFull() : error)
      }
    }
    this.writing = undefined
  }

  /** With all that came after: a later one may name what an earlier brings. */
  private refuse(waiting: readonly Waiting[], error: unknown): void {
    this.refused = { at: performance.now(), bytes: this.used() }
    for (const { reject } of [...waiting, ...this.queue.splice(0)]) reject(error)
  }

  /** @returns of which the bodies are kept. */
  private async writeAll(taken: readonly Waiting[]): Promise<boolean[]> {
    const { segment, file } = await this.writable()
    const { seed } = segment
    const places: Place[] = []
    const parts: Uint8Array[] = []
    let offset = segment.bytes
    for (const { record: what, sent, bytes } of taken) {
      const header = record.headerOf(what, sent, seed)
      places.push({ offset, header })
      parts.push(record.encodeHeader(header, seed), ...what.bodies)
      offset += bytes
    }
    try {
      await this.options.files.write(file, parts, segment.bytes)
      await this.options.files.sync(file)
    } catch (error) {
      // A log whose end is not known is not written on: a failed fdatasync may have lost any of its pages.
      this.active = undefined
      await file.truncate(segment.bytes).catch(() => {})
      await file.close().catch(() => {})
      await this.removeDone()
      throw error
    }
    segment.bytes = offset
    if (segment.records === 0) segment.firstReceivedAt = places[0]!.header.receivedAt
    return places.map((place, i) => {
      const bodies = segment.entries && this.keep(taken[i]!)
      segment.entries?.push({ ...place, segment, recovered: false, done: false, bodies })
      segment.records++
      segment.spans += place.header.rows
      return bodies !== undefined
    })
  }

  private keep({ bytes, record }: Waiting): readonly Uint8Array[] | undefined {
    if (this.kept + bytes > this.options.keepBytes) return undefined
    this.kept += bytes
    return record.bodies
  }

  private letGo(entry: Entry): void {
    if (entry.bodies) this.kept -= record.recordBytes(entry.header)
    entry.bodies = undefined
  }

  /** The segment that is written to, a new one when the last is large enough. */
  private async writable() {
    if (this.active && this.active.segment.bytes >= this.options.segmentBytes) await this.endActive()
    if (!this.active) {
      const name = segmentName(this.options.directory, ++this.lastNumber, randomInt(1, 2 ** 32))
      const file = await open(name.path, 'ax')
      await syncDirectory(this.options.directory)
      const segment: Segment = { ...name, ...noneYet, entries: [], bytes: 0, recovered: false }
      this.segments.push(segment)
      this.active = { segment, file }
    }
    return this.active
  }

  private async endActive(): Promise<void> {
    const { segment, file } = this.active!
    this.active = undefined
    await file.close()
    // Where nobody has looked yet, where records are is read again when it is needed: memory stays bounded.
    if (!segment.touched && segment !== this.segments[0]) {
      segment.entries?.forEach((entry) => this.letGo(entry))
      segment.entries = undefined
    }
    await this.removeDone()
  }

  /** What waits, oldest first. */
  *pending(): Generator<Entry> {
    for (const segment of [...this.segments]) {
      if (!segment.entries) this.load(segment)
      segment.touched = true
      for (const entry of [...segment.entries!]) if (!entry.done) yield entry
    }
  }

  /** Resolves at the next append, or when `wake` is called. */
  untilAppended(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve))
  }

  /**
   * The bodies of a record; undefined when they are not what was written.
   * @param room where they are read to, if they have to be and it is large enough.
   */
  async read({ segment, offset, header, bodies }: Entry, room?: Buffer): Promise<readonly Uint8Array[] | undefined> {
    if (bodies) return bodies
    const file = await open(segment.path, 'r')
    try {
      const size = record.bodyBytes(header)
      const all = room && size <= room.length ? room.subarray(0, size) : Buffer.allocUnsafeSlow(size)
      const { bytesRead } = await file.read(all, 0, all.length, offset + record.headerBytes)
      if (bytesRead < all.length || record.checksumOf([all], segment.seed) !== header.checksum) return undefined
      let at = 0
      return header.lengths.map((length) => all.subarray(at, (at += length)))
    } finally {
      await file.close()
    }
  }

  /** Remembers which entries an INSERT is made of, before it is begun: tried again, it must be made of the same. */
  async markSent(first: Entry, last: Entry): Promise<void> {
    const { segment, offset, header } = first
    const file = await open(segment.path, 'r+')
    try {
      const bytes = record.encodeSent(last.header.id, segment.seed)
      await file.write(bytes, 0, bytes.length, offset + record.sentAt)
      header.sentLast = last.header.id
    } finally {
      await file.close()
    }
  }

  /** They are stored, or set aside. */
  async done(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      if (entry.done) continue
      entry.done = true
      this.letGo(entry)
      entry.segment.records--
      entry.segment.spans -= entry.header.rows
    }
    await this.removeDone()
  }

  private async removeDone(): Promise<void> {
    if (this.active?.segment.records === 0 && !this.writing && this.active.segment.bytes > 0) {
      const { file } = this.active
      this.active = undefined
      await file.close()
    }
    for (const segment of this.segments.filter(({ records }) => records === 0)) {
      if (segment === this.active?.segment || !this.segments.includes(segment)) continue
      this.segments.splice(this.segments.indexOf(segment), 1)
      await rm(segment.path, { force: true })
    }
  }

  /** Keeps a record in a file of its own, for a person to look at; it is in the way of others no more. */
  async putEntryAside(entry: Entry, reason: Reason): Promise<void> {
    await this.putAside(entry.segment, reason, entry.offset, record.recordBytes(entry.header))
    await this.done([entry])
  }

  private async putAside(segment: Segment, reason: Reason, from: number, bytes: number): Promise<void> {
    if (!writeSetAside(this.options.directory, segment, reason, from, bytes)) return
    await syncDirectory(this.options.directory)
    this.setAside[reason]++
    this.setAsideBytes += bytes
  }

  /** Nothing waits to be stored and nothing is being written. */
  idle(): boolean {
    return !this.writing && this.segments.every(({ records }) => records === 0)
  }

  state(): SpoolState {
    const oldest = this.segments.find(({ records }) => records > 0)
    const first = oldest?.entries?.find(({ done }) => !done)
    return {
      bytes: this.used(),
      maxBytes: this.options.maxBytes,
      records: this.segments.reduce((sum, { records }) => sum + records, 0),
      spans: this.segments.reduce((sum, { spans }) => sum + spans, 0),
      oldestReceivedAt: first?.header.receivedAt ?? oldest?.firstReceivedAt,
      setAside: this.setAside,
    }
  }

  /** Lets go of the directory; what waits there is for the next. */
  async close(): Promise<void> {
    await this.writing
    await this.active?.file.close()
    this.active = undefined
    this.lock.release()
  }
}

const noneYet = { records: 0, spans: 0, firstReceivedAt: 0, entries: undefined, touched: false }

/** So that the name of a new file survives a loss of power too. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}

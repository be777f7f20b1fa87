import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { realFiles, type Files } from './files.ts'
import { Spool, SpoolFull, type Entry, type SpoolOptions } from './log.ts'
import type { SpoolRecord } from './record.ts'

const directories: string[] = []
const opened: Spool[] = []
afterEach(async () => {
  for (const spool of opened.splice(0)) await spool.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

const newDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), 'hopscope-spool-'))
  directories.push(directory)
  return directory
}

async function openSpool(options: Partial<SpoolOptions> = {}): Promise<{ spool: Spool; directory: string }> {
  const directory = options.directory ?? newDirectory()
  const spool = await Spool.open({ maxBytes: 2 ** 20, leaveBytes: 0, lockWaitMs: 0, ...options, directory })
  opened.push(spool)
  return { spool, directory }
}

async function closed(spool: Spool): Promise<void> {
  opened.splice(opened.indexOf(spool), 1)
  await spool.close()
}

const empty = new Uint8Array(new ArrayBuffer(0))

/** Bodies of different lengths, one of them empty, no two records alike. */
const recordOf = (n: number, bytes = 20): SpoolRecord => ({
  id: BigInt(1_000 + n),
  rows: n + 1,
  receivedAt: 1_700_000_000 + n,
  bodies: [Buffer.from(`resource ${n}`), empty, Buffer.from([n]), Buffer.alloc(bytes, n + 1), Buffer.from(`mark ${n}`)],
})

const pendingOf = (spool: Spool): Entry[] => [...spool.pending()]

/** Everything that waits, read; undefined where the bytes are not those that were written. */
async function contents(spool: Spool): Promise<(SpoolRecord | undefined)[]> {
  return Promise.all(
    pendingOf(spool).map(async (entry) => {
      const { id, rows, receivedAt } = entry.header
      const bodies = await spool.read(entry)
      return bodies && { id, rows, receivedAt, bodies: bodies.map((body) => (body.length > 0 ? body : empty)) }
    }),
  )
}

const segmentsIn = (directory: string) => readdirSync(directory).filter((file) => file.endsWith('.log'))
const setAsideIn = (directory: string) => readdirSync(directory).filter((file) => /\.(corrupt|refused)$/.test(file))

describe('the log', () => {
  it('gives back what was appended, in order, to the same process and to the next', async () => {
    const { spool, directory } = await openSpool()
    const records = [recordOf(0), recordOf(1), recordOf(2)]
    await Promise.all(records.map((record) => spool.append(record, false)))
    expect(await contents(spool)).toEqual(records)
    expect(spool.state()).toMatchObject({ records: 3, spans: 6, oldestReceivedAt: 1_700_000_000 })
    await closed(spool)
    const { spool: next } = await openSpool({ directory })
    expect(await contents(next)).toEqual(records)
    expect(pendingOf(next).every(({ recovered }) => recovered)).toBe(true)
    await next.done(pendingOf(next).slice(0, 2))
    expect(await contents(next)).toEqual([records[2]])
    await next.append(recordOf(3), false)
    expect(await contents(next)).toEqual([records[2], recordOf(3)])
  })

  it('gives back from memory what it has room for there, the rest from disk, and forgets what is done', async () => {
    const { spool } = await openSpool({ keepBytes: 500 })
    const records = Array.from({ length: 6 }, (_, n) => recordOf(n, 100))
    const kept: boolean[] = []
    for (const record of records) kept.push(await spool.append(record, false))
    expect(kept).toEqual([true, true, false, false, false, false])
    const inMemory = () => pendingOf(spool).map(({ bodies }) => bodies !== undefined)
    expect(inMemory()).toEqual([true, true, false, false, false, false])
    expect(await contents(spool)).toEqual(records)
    // Into memory that is used again, where it is large enough.
    const room = Buffer.alloc(200)
    const last = pendingOf(spool)[5]!
    for (const into of [room, Buffer.alloc(10)]) {
      const bodies = await spool.read(last, into)
      expect(bodies!.map((body) => body.toString())).toEqual(records[5]!.bodies.map((body) => body.toString()))
      expect(bodies![3]!.buffer === room.buffer).toBe(into === room)
    }
    await spool.done(pendingOf(spool).slice(0, 1))
    await spool.append(recordOf(6, 100), false)
    expect(inMemory()).toEqual([true, false, false, false, false, true])
    expect(await contents(spool)).toEqual([...records.slice(1), recordOf(6, 100)])
  })

  it('keeps no file of what is done', async () => {
    const { spool, directory } = await openSpool()
    await spool.append(recordOf(0), false)
    expect(segmentsIn(directory)).toHaveLength(1)
    await spool.done(pendingOf(spool))
    expect(readdirSync(directory)).toEqual(['lock'])
    expect(spool.state()).toMatchObject({ bytes: 0, records: 0, spans: 0, oldestReceivedAt: undefined })
  })

  it('belongs to one process at a time', async () => {
    const { directory } = await openSpool()
    await expect(openSpool({ directory })).rejects.toThrow(`the spool ${directory} is in use by process`)
  })

  it('writes all that came during one fdatasync with the next one', async () => {
    let syncs = 0
    const files: Files = { ...realFiles, sync: (file) => (syncs++, realFiles.sync(file)) }
    const { spool } = await openSpool({ files })
    await Promise.all(Array.from({ length: 50 }, (_, n) => spool.append(recordOf(n), false)))
    expect(syncs).toBeLessThanOrEqual(2)
    expect(pendingOf(spool)).toHaveLength(50)
  })

  it('goes on in a new segment when one is large enough, and drops segments from the front', async () => {
    const { spool, directory } = await openSpool({ segmentBytes: 1000 })
    const records = Array.from({ length: 40 }, (_, n) => recordOf(n, 100))
    for (const record of records) await spool.append(record, false)
    const all = segmentsIn(directory).length
    expect(all).toBeGreaterThan(5)
    expect(spool.state()).toMatchObject({ records: 40, oldestReceivedAt: 1_700_000_000 })
    expect(await contents(spool)).toEqual(records)
    await spool.done(pendingOf(spool).slice(0, 20))
    expect(segmentsIn(directory).length).toBeLessThan(all)
    expect(spool.state()).toMatchObject({ records: 20, oldestReceivedAt: 1_700_000_020 })
    await closed(spool)
    const { spool: next } = await openSpool({ directory, segmentBytes: 1000 })
    const left = await contents(next)
    // What is done is not said in the log: a segment comes back as a whole.
    expect(left.slice(-20)).toEqual(records.slice(20))
    expect(left.length).toBeLessThan(40)
    expect(next.state().records).toBe(left.length)
  })

  it('remembers with what an INSERT was begun', async () => {
    const { spool, directory } = await openSpool()
    for (let n = 0; n < 3; n++) await spool.append(recordOf(n), n === 2)
    const [first, second] = pendingOf(spool)
    await spool.markSent(first!, second!)
    const sent = [1001n, undefined, 1002n]
    expect(pendingOf(spool).map(({ header }) => header.sentLast)).toEqual(sent)
    await closed(spool)
    const { spool: next } = await openSpool({ directory })
    expect(pendingOf(next).map(({ header }) => header.sentLast)).toEqual(sent)
    expect(await contents(next)).toEqual([recordOf(0), recordOf(1), recordOf(2)])
  })
})

describe('a log that is full', () => {
  it('refuses in order, tells so early, drops nothing, and takes again when there is room', async () => {
    const { spool } = await openSpool({ maxBytes: 2000, segmentBytes: 500 })
    const taken: SpoolRecord[] = []
    for (let n = 0; ; n++) {
      const full = await spool.append(recordOf(n, 100), false).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (!full) taken.push(recordOf(n, 100))
      else {
        expect(full).toBeInstanceOf(SpoolFull)
        break
      }
    }
    expect(spool.state().bytes).toBeLessThanOrEqual(2000)
    expect(taken.length).toBeGreaterThan(5)
    expect(spool.refusing()).toBe(true)
    expect(await contents(spool)).toEqual(taken)
    await spool.done(pendingOf(spool).slice(0, 4))
    expect(spool.refusing()).toBe(false)
    await spool.append(recordOf(99, 100), false)
    expect(await contents(spool)).toEqual([...taken.slice(4), recordOf(99, 100)])
  })

  it('leaves room on the disk to others', async () => {
    let free = 1000
    const files: Files = { ...realFiles, free: () => Promise.resolve(free) }
    const { spool } = await openSpool({ files, leaveBytes: 900 })
    await expect(spool.append(recordOf(0), false)).rejects.toBeInstanceOf(SpoolFull)
    free = 2000
    await spool.append(recordOf(0), false)
    expect(await contents(spool)).toEqual([recordOf(0)])
  })

  /** A disk that takes so many bytes and then says ENOSPC in the middle of a write. */
  function smallDisk(bytes: number) {
    const disk = { left: bytes }
    const files: Files = {
      ...realFiles,
      async write(file, parts, position) {
        const all = Buffer.concat(parts)
        const fits = Math.min(all.length, disk.left)
        disk.left -= fits
        await realFiles.write(file, [all.subarray(0, fits)], position)
        if (fits < all.length) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      },
    }
    return { disk, files }
  }

  it('of a disk in the middle of a record: refuses it, keeps what was acknowledged, goes on when there is room', async () => {
    const { disk, files } = smallDisk(400)
    const { spool, directory } = await openSpool({ files })
    for (let n = 0; n < 2; n++) await spool.append(recordOf(n, 60), false)
    await expect(spool.append(recordOf(2, 60), false)).rejects.toBeInstanceOf(SpoolFull)
    expect(spool.refusing()).toBe(true)
    expect(await contents(spool)).toEqual([recordOf(0, 60), recordOf(1, 60)])
    disk.left = 10_000
    await spool.append(recordOf(3, 60), false)
    await closed(spool)
    const { spool: next } = await openSpool({ directory })
    expect(await contents(next)).toEqual([0, 1, 3].map((n) => recordOf(n, 60)))
    expect(setAsideIn(directory)).toEqual([])
  })

  it('acknowledges nothing that fdatasync failed for, and does not write on after it', async () => {
    let broken = false
    const eio = Object.assign(new Error('i/o error'), { code: 'EIO' })
    const files: Files = { ...realFiles, sync: (file) => (broken ? Promise.reject(eio) : realFiles.sync(file)) }
    const { spool, directory } = await openSpool({ files })
    await spool.append(recordOf(0), false)
    broken = true
    await expect(spool.append(recordOf(1), false)).rejects.toBe(eio)
    broken = false
    await spool.append(recordOf(2), false)
    expect(segmentsIn(directory)).toHaveLength(2)
    expect(await contents(spool)).toEqual([recordOf(0), recordOf(2)])
  })

  it('refuses with a batch what came while it was being written, which may name what that brings', async () => {
    const eio = Object.assign(new Error('i/o error'), { code: 'EIO' })
    let fail: (() => void) | undefined
    const files: Files = {
      ...realFiles,
      // The first waits until it is told to fail.
      sync: (file) => (fail ? realFiles.sync(file) : new Promise((_, reject) => (fail = () => reject(eio)))),
    }
    const { spool } = await openSpool({ files })
    const first = spool.append(recordOf(0), false)
    await vi.waitUntil(() => fail !== undefined, 10_000)
    const outcomes = Promise.allSettled([first, spool.append(recordOf(1), false)])
    fail!()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await spool.append(recordOf(2), false)
    expect(await contents(spool)).toEqual([recordOf(2)])
  })
})

describe('a damaged log', () => {
  const records = [recordOf(0), recordOf(1), recordOf(2)]

  /** A directory with one segment of these bytes. */
  async function opens(name: string, bytes: Buffer) {
    const { directory } = { directory: newDirectory() }
    writeFileSync(join(directory, name), bytes)
    const { spool } = await openSpool({ directory })
    return { spool, directory }
  }

  async function whole(): Promise<{ name: string; bytes: Buffer; ends: number[] }> {
    const { spool, directory } = await openSpool()
    for (const record of records) await spool.append(record, false)
    const entries = pendingOf(spool)
    const [name] = segmentsIn(directory)
    const bytes = readFileSync(join(directory, name!))
    return { name: name!, bytes, ends: entries.map((_, n) => entries[n + 1]?.offset ?? bytes.length) }
  }

  it('that was cut off anywhere has all records before the cut, nothing else, and sets nothing aside', async () => {
    const { name, bytes, ends } = await whole()
    for (let length = 0; length <= bytes.length; length++) {
      const { spool, directory } = await opens(name, bytes.subarray(0, length))
      expect(await contents(spool)).toEqual(records.filter((_, n) => ends[n]! <= length))
      expect(setAsideIn(directory)).toEqual([])
      await closed(spool)
    }
  })

  it('that ends in room that was never filled has all records before it', async () => {
    const { name, bytes } = await whole()
    const { spool, directory } = await opens(name, Buffer.concat([bytes, Buffer.alloc(500)]))
    expect(await contents(spool)).toEqual(records)
    expect(setAsideIn(directory)).toEqual([])
  })

  it('with any bit flipped loses the record that it is in, at most; its bytes are set aside; none is invented', async () => {
    const { name, bytes, ends } = await whole()
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= 1 << (at % 8)
      const hit = ends.findIndex((end) => at < end)
      const inSentWith = at - (ends[hit - 1] ?? 0) >= 52 && at - (ends[hit - 1] ?? 0) < 64
      const { spool, directory } = await opens(name, flipped)
      for (const entry of pendingOf(spool)) if (!(await spool.read(entry))) await spool.putEntryAside(entry, 'corrupt')
      if (inSentWith) {
        // The record is as it was, but may have been stored with others.
        expect(await contents(spool)).toEqual(records)
        expect(pendingOf(spool)[hit]!.header.sentLast).toBe(0n)
      } else {
        expect(await contents(spool)).toEqual(records.filter((_, n) => n !== hit))
        const [aside] = setAsideIn(directory)
        const from = ends[hit - 1] ?? 0
        expect(readFileSync(join(directory, aside!))).toEqual(flipped.subarray(from, ends[hit]))
        expect(spool.state().setAside).toEqual({ corrupt: 1, refused: 0 })
      }
      await closed(spool)
    }
  })

  it('whose bodies hold the bytes of a record of another log does not take them for one', async () => {
    const { bytes } = await whole()
    const { spool, directory } = await openSpool()
    await spool.append({ ...recordOf(7), bodies: [bytes, bytes, bytes, bytes, bytes] }, false)
    await spool.append(recordOf(8), false)
    const [name] = segmentsIn(directory)
    const own = readFileSync(join(directory, name!))
    own[9]! ^= 1
    await closed(spool)
    const { spool: next } = await opens(name!, own)
    expect(await contents(next)).toEqual([recordOf(8)])
  })

  it('sets the same bytes aside once, however often it is opened', async () => {
    const { name, bytes } = await whole()
    const broken = Buffer.from(bytes)
    broken[0]! ^= 1
    const { spool, directory } = await opens(name, broken)
    await closed(spool)
    const { spool: next } = await openSpool({ directory })
    expect(next.state().setAside.corrupt).toBe(1)
    expect(await contents(next)).toEqual([records[1], records[2]])
  })

  it('replays a record that was set aside once its file is a segment again', async () => {
    const { spool, directory } = await openSpool()
    for (const record of records) await spool.append(record, false)
    await spool.putEntryAside(pendingOf(spool)[1]!, 'refused')
    expect(spool.state().setAside).toEqual({ corrupt: 0, refused: 1 })
    const [aside] = setAsideIn(directory)
    const { spool: next } = await opens(`${basename(aside!).split('.')[0]}.log`, readFileSync(join(directory, aside!)))
    expect(await contents(next)).toEqual([records[1]])
  })
})

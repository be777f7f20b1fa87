import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger } from '../../storage/running.ts'
import { findStored, storeDictionaries, storeMarks, storeSpans, type SealedBatch } from '../pipeline/store.ts'
import type { Entry, Spool } from './log.ts'
import { bodyBytes } from './record.ts'
import { isRefusal } from './refusal.ts'

export interface ReplayOptions {
  readonly clickhouse: ClickHouse
  readonly spool: Spool
  /** INSERTs of records that were begun before they were spooled: whether they succeeded. Taken from here as they are asked for. */
  readonly attempts: Map<bigint, Promise<boolean>>
  readonly log: Logger
  /** So many spans were stored, 0 when they had been before. */
  onStored(rows: number, tookMs: number): void
  onFailed(rows: number, tookMs: number, error: unknown): void
}

/** Records that become one INSERT: so many spans, bytes and records at most. */
const groupRows = 300_000
const groupBytes = 32 * 2 ** 20
const groupRecords = 1000
const firstPauseMs = 100
const longestPauseMs = 5_000
/**
 * An INSERT has its price whatever is in it, small parts are merged once more than large ones, and these spans are acknowledged: one INSERT
 * in so long, of many more spans a second than `rowsPerMs` fewer and larger ones.
 */
const leastPaceMs = 200
const mostPaceMs = 1500
const rowsPerMs = 50
/** So often it is looked whether a whole group has come meanwhile. */
const lookMs = 50
/** At its end the collector stores for so long what is left, when ClickHouse takes it. */
const drainMs = 2_000
/** Of failures in a row the first is told, then one a minute. */
const sayEvery = 12
/** When so many records in a row are refused, it is not the records. */
const mostRefused = 3

/**
 * Stores what is in the spool, oldest first, several records in an INSERT, each exactly once. A record that ClickHouse refuses
 * is passed over; when others have gone through and it is refused again, it is set aside.
 */
export function startReplay(options: ReplayOptions): { stop: () => Promise<void> } {
  const { spool, log, onStored, onFailed } = options
  const ending = new AbortController()
  /** Refused since anything went through. */
  let refused = new Set<Entry>()
  /** Refused before others went through. */
  const suspects = new WeakSet<Entry>()
  let pauseMs = firstPauseMs
  let failures = 0
  /** Where records are read to that are not in memory: used again, but for an INSERT that failed and may still be on its way. */
  let room: Buffer | undefined

  const pause = async () => {
    refused = new Set()
    await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => {})
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }

  async function step(): Promise<void> {
    const group = nextGroup(spool, refused)
    if (!group) {
      room = undefined
      return refused.size > 0 ? pause() : spool.untilAppended()
    }
    if (group.some(({ bodies }) => !bodies)) room ??= Buffer.allocUnsafeSlow(groupBytes)
    const rows = group.reduce((sum, { header }) => sum + header.rows, 0)
    const from = performance.now()
    let stored: number
    try {
      stored = await replay(group, options, room)
    } catch (error) {
      room = undefined
      onFailed(rows, performance.now() - from, error)
      if (!isRefusal(error)) {
        if (failures++ % sayEvery === 0)
          log.warn({ err: error, ...spool.state() }, 'cannot store what is in the spool, trying again')
        return pause()
      }
      return refuse(group, error)
    }
    failures = 0
    onStored(stored, performance.now() - from)
    pauseMs = firstPauseMs
    for (const entry of refused) suspects.add(entry)
    refused = new Set()
    const bytes = group.reduce((sum, { header }) => sum + bodyBytes(header), 0)
    const paceMs = Math.min(mostPaceMs, Math.max(leastPaceMs, rows / rowsPerMs))
    await rest(from + paceMs, Math.min(groupRows, (rows * groupBytes) / bytes))
  }

  /** Until then (ms, of `performance.now()`), or until a whole group waits. */
  async function rest(untilMs: number, wholeRows: number): Promise<void> {
    while (performance.now() < untilMs && !ending.signal.aborted) {
      const { spans, records } = spool.state()
      if (spans >= wholeRows || records >= groupRecords) return
      const restMs = Math.min(lookMs, untilMs - performance.now())
      await sleep(restMs, undefined, { signal: ending.signal }).catch(() => {})
    }
  }

  async function refuse(group: readonly Entry[], error: unknown): Promise<void> {
    const [entry] = group as [Entry]
    // Nothing of the group was stored: each for itself from now on.
    if (group.length > 1) for (const one of group) await spool.markSent(one, one)
    else if (suspects.has(entry)) {
      await spool.putEntryAside(entry, 'refused')
      log.error(
        { err: error, batch: String(entry.header.id), spans: entry.header.rows },
        'ClickHouse refuses these spans and takes others: they are set aside in the spool (*.refused), somebody must look at them',
      )
    } else {
      log.error({ err: error, batch: String(entry.header.id) }, 'ClickHouse refuses what is in the spool')
      refused.add(entry)
      if (refused.size >= mostRefused) await pause()
    }
  }

  const running = (async () => {
    while (!ending.signal.aborted) {
      await step().catch(async (error: unknown) => {
        log.error({ err: error }, 'the spool cannot be replayed')
        await pause()
      })
    }
  })()
  return {
    async stop() {
      ending.abort()
      spool.wake()
      await running
      const endMs = performance.now() + drainMs
      while (failures === 0 && refused.size === 0 && performance.now() < endMs && nextGroup(spool, refused))
        await step().catch(() => failures++)
    },
  }
}

/** What the next INSERT is made of; undefined when nothing is left but what is passed over. */
export function nextGroup(spool: Spool, passOver: ReadonlySet<Entry>): Entry[] | undefined {
  const group: Entry[] = []
  let rows = 0
  let bytes = 0
  let until: bigint | undefined
  for (const entry of spool.pending()) {
    if (passOver.has(entry)) continue
    const { header } = entry
    const [first] = group
    if (!first) until = header.sentLast
    else if (until === undefined) {
      const fits = rows + header.rows <= groupRows && bytes + bodyBytes(header) <= groupBytes
      const alike = dayOf(first) === dayOf(entry) && first.recovered === entry.recovered
      if (!fits || !alike || header.sentLast !== undefined || group.length === groupRecords) return group
    }
    group.push(entry)
    rows += header.rows
    bytes += bodyBytes(header)
    if (header.id === until) return group
    // An INSERT was begun, but of what cannot be read any more.
    if (until === 0n || (until !== undefined && (group.length > groupRecords || rows > 2 * groupRows)))
      return [group[0]!]
  }
  if (until !== undefined && group.length > 0) return [group[0]!]
  return group.length > 0 ? group : undefined
}

/** Of its arrival: spans of two days are two parts. */
const dayOf = ({ header }: Entry): number => Math.floor(header.receivedAt / 86_400)

/**
 * Stores the group, as far as it is not stored.
 * @param room for its records, nobody else's until this returns
 * @returns how many spans. @throws what ClickHouse says when it does not take it.
 */
async function replay(
  group: readonly Entry[],
  { clickhouse, spool, attempts, log }: ReplayOptions,
  room: Buffer = Buffer.alloc(0),
): Promise<number> {
  const [first] = group as [Entry]
  const attempt = attempts.get(first.header.id)
  attempts.delete(first.header.id)
  if (await attempt) {
    await spool.done(group)
    return 0
  }
  const maybeStored = first.recovered || first.header.sentLast !== undefined
  const headers = group.map(({ header }) => header)
  const found = maybeStored ? await findStored(clickhouse, headers) : nothingStored
  const whole = await readAll(
    group.filter(({ header }) => !found.marks.has(header.id)),
    spool,
    room,
    log,
  )
  const missing = whole.filter(({ batch }) => !found.spans.has(batch.id))
  if (missing.length > 0) {
    const batches = missing.map(({ batch }) => batch)
    const token = tokenOf(batches)
    const { entry } = missing[0]!
    if (entry.header.sentLast === undefined) await spool.markSent(entry, group.at(-1)!)
    await storeDictionaries(clickhouse, batches, token)
    await storeSpans(clickhouse, batches, token)
    if (maybeStored && !(await findStored(clickhouse, batches)).spans.has(batches[0]!.id)) {
      // ClickHouse notes the token before it commits the part: killed in between, it knows the one and lacks the other.
      await storeSpans(clickhouse, batches, `${token}-again`)
    }
    await storeMarks(clickhouse, batches, token)
  }
  for (const { batch } of whole) if (found.spans.has(batch.id)) await storeMarks(clickhouse, [batch], `${batch.id}`)
  await spool.done(group)
  return missing.reduce((sum, { batch }) => sum + batch.rows, 0)
}

const nothingStored = { spans: new Set<bigint>(), marks: new Set<bigint>() }

/** That of the first attempt for a batch alone; for several, one that only the same batches have. */
function tokenOf(batches: readonly SealedBatch[]): string {
  const first = batches[0]!.id
  return batches.length === 1 ? `${first}` : `${first}-${batches.at(-1)!.id}-${batches.length}`
}

interface Whole {
  readonly entry: Entry
  readonly batch: SealedBatch
}

/** The records with their bodies; those that cannot be read any more are set aside. */
async function readAll(entries: readonly Entry[], spool: Spool, room: Buffer, log: Logger): Promise<Whole[]> {
  const whole: Whole[] = []
  let free = room
  for (const entry of entries) {
    const { id, rows, receivedAt } = entry.header
    const bodies = await spool.read(entry, free)
    if (bodies?.[0]?.buffer === room.buffer) free = free.subarray(bodyBytes(entry.header))
    if (bodies) whole.push({ entry, batch: { id, rows, receivedAt, bodies } })
    else {
      await spool.putEntryAside(entry, 'corrupt')
      log.error({ batch: String(id), spans: rows }, 'a record of the spool is damaged: it is set aside (*.corrupt)')
    }
  }
  return whole
}

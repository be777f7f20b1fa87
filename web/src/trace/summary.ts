/** The head of the trace page: who the critical path belongs to, and what is not complete about the trace. */
import { isOrphan, type TraceIndex } from './index.ts'
import { byGroup, type GroupKey } from '../format/groups.ts'
import { reasonSentence } from '../format/reasons.ts'
import type { Fidelity, SegmentClass, WireTax } from './wire.ts'

export interface ClassShare {
  readonly group: GroupKey
  readonly title: string
  readonly ns: number
  readonly fidelity: Fidelity
}

/** Shares of the critical path by who; their `ns` add up to the duration of the trace exactly (D7). */
export function classShares({ path }: TraceIndex): ClassShare[] {
  const sums = new Map<SegmentClass, number>()
  for (let i = 0; i < path.length; i++) {
    const segmentClass = path.class(i)
    sums.set(segmentClass, (sums.get(segmentClass) ?? 0) + (path.to[i]! - path.from[i]!))
  }
  return byGroup([...sums].map(([segmentClass, ns]) => ({ class: segmentClass, ns })))
    .filter(({ ns }) => ns > 0)
    .map(({ group: { key, title, fidelity }, ns }) => ({ group: key, title, ns, fidelity }))
}

export interface Notice {
  readonly title: string
  readonly why: string
  /** The first span concerned, to jump to. */
  readonly spanId: string | null
}

interface NoticeRule {
  flag: string
  title: (n: number) => string
  why: string
}

const spans = (n: number, one: string, many: string) => (n === 1 ? `1 span ${one}` : `${n} spans ${many}`)

/** algorithms.md D9, the flags that make a trace less than complete; in the order shown. */
const rules: readonly NoticeRule[] = [
  {
    flag: 'missing_callee',
    title: (n) => (n === 1 ? '1 callee sent no span' : `${n} callees sent no span`),
    why: 'They usually do. What the proxy before them did on its own is unknown here.',
  },
  {
    flag: 'cycle',
    title: (n) => (n === 1 ? '1 circle of parents' : `${n} circles of parents`),
    why: 'Spans name each other as parents; the circle was cut at its earliest span.',
  },
  {
    flag: 'neg_duration',
    title: (n) => `${spans(n, 'ends', 'end')} before ${n === 1 ? 'it starts' : 'they start'}`,
    why: 'The clock was set back meanwhile: counted as zero, and left out of distributions.',
  },
  {
    flag: 'neg_gap',
    title: (n) => `${spans(n, 'is', 'are')} shorter than what ${n === 1 ? 'it' : 'they'} waited for`,
    why: 'More than the tolerance of the clocks explains: own time is unknown, not zero.',
  },
  {
    flag: 'dup_span_id',
    title: (n) => `${spans(n, 'came', 'came')} more than once with different content`,
    why: 'The longest version is shown.',
  },
  {
    flag: 'truncated',
    title: () => 'The trace was cut at the size limit',
    why: 'The earliest 100,000 spans are shown; what came after them is missing.',
  },
  {
    flag: 'streaming',
    title: (n) => `${spans(n, 'is a stream', 'are streams')}`,
    why: 'The time of a stream is not the time of a request: no overhead is computed.',
  },
  {
    flag: 'sampled_out',
    title: (n) => (n === 1 ? 'Below 1 span somebody did not sample' : `Below ${n} spans somebody did not sample`),
    why: 'A proxy or SDK further on decided not to record this request.',
  },
  {
    flag: 'late_revision',
    title: () => 'Spans arrived after the trace was analysed',
    why: 'The numbers were computed again with them.',
  },
]

/** What a reader must know before trusting the picture, most serious first. Counts are of spans. */
export function noticesOf(index: TraceIndex, flags: readonly FlagNote[]): Notice[] {
  const { trace, tops } = index
  const notices: Notice[] = []
  const orphans = tops.filter((top) => isOrphan(index, top))
  const roots = tops.filter((top) => top.wire.parentSpanId === '').length
  if (roots === 0 || trace.durationNs === null) {
    notices.push({
      title: 'The root span has not arrived',
      why: 'How long the whole request took is unknown, and there is no critical path. Hops and proxies below are sound.',
      spanId: null,
    })
  }
  if (orphans.length > 0) {
    const missing = new Set(orphans.map((top) => top.wire.parentSpanId)).size
    notices.push({
      title: missing === 1 ? '1 parent span is missing' : `${missing} parent spans are missing`,
      why:
        orphans.length === 1
          ? 'The part below it stands on its own, not guessed into the tree.'
          : `The ${orphans.length} parts below stand on their own at the end, not guessed into the tree.`,
      spanId: orphans[0]!.id,
    })
  }
  if (roots > 1) {
    notices.push({
      title: `${roots} spans have no parent`,
      why: 'Duration and critical path are those of the earliest; the others are shown after it.',
      spanId: tops[1]!.id,
    })
  }
  for (const { flag, title, why } of rules) {
    const note = flags.find((each) => each.flag === flag)
    if (note) notices.push({ title: title(Math.max(1, note.spans)), why, spanId: note.spanId })
  }
  return notices
}

export interface ClockNote {
  /** Spans drawn somewhere else than their clock said. */
  readonly moved: number
  /** Of them, placed in the middle because no offset is known. */
  readonly modelled: number
  /** Largest shift, ns. */
  readonly mostNs: number
}

export function clockNote(index: TraceIndex): ClockNote | null {
  let moved = 0
  let modelled = 0
  let mostNs = 0
  for (const span of index.spans.list) {
    if (span.from === span.rawFrom) continue
    moved++
    mostNs = Math.max(mostNs, Math.abs(span.from - span.rawFrom))
    if (span.wire.flags.includes('skew_modeled')) modelled++
  }
  return moved === 0 ? null : { moved, modelled, mostNs }
}

export function retriesOf(index: TraceIndex): number {
  return index.trace.proxies.reduce((n, { retry }) => n + Math.max(0, retry.attempts - 1), 0)
}

/** A tax without an estimate is a bound, unless both bounds are the same. */
export function levelOfTax({ lowerNs, upperNs, estimateNs }: WireTax): Exclude<Fidelity, 'unknown'> {
  if (lowerNs === upperNs) return 'exact'
  return estimateNs === null ? 'bounded' : 'modelled'
}

export interface FlagNote {
  readonly flag: string
  readonly why: string
  /** How many carry it, and the first of them. */
  readonly spans: number
  readonly spanId: string | null
}

/** Every flag of the trace with the spans it stands on, most frequent first. */
export function flagNotes({ trace, spans, proxySpan }: TraceIndex): FlagNote[] {
  const byFlag = new Map<string, Carriers>(trace.flags.map((flag) => [flag, new Carriers(spans.size)]))
  const note = (flags: readonly string[], at: number) => {
    for (const flag of flags) {
      let carriers = byFlag.get(flag)
      if (!carriers) byFlag.set(flag, (carriers = new Carriers(spans.size)))
      if (at >= 0) carriers.add(at)
    }
  }
  for (const { wire, at } of spans.list) note(wire.flags, at)
  for (const [i, { flags }] of trace.proxies.entries()) note(flags, proxySpan[i]!)
  return [...byFlag]
    .map(([flag, { count, first }]) => ({
      flag,
      why: reasonSentence(flag),
      spans: count,
      spanId: spans.list[first]?.id ?? null,
    }))
    .sort((a, b) => b.spans - a.spans)
}

/** Places of spans, each counted once. */
class Carriers {
  private readonly seen: Uint8Array
  count = 0
  first = -1

  constructor(size: number) {
    this.seen = new Uint8Array(size)
  }
  add(at: number): void {
    if (this.seen[at]) return
    this.seen[at] = 1
    if (this.count++ === 0) this.first = at
  }
}

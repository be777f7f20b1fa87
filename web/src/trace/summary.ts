/** The head of the trace page: who the critical path belongs to, and what is not complete about the trace. */
import { isOrphan, type TraceIndex } from './index.ts'
import { byGroup, type GroupKey } from '../format/groups.ts'
import { reasonSentence } from '../format/reasons.ts'
import type { Fidelity, WireTax } from './wire.ts'

export interface ClassShare {
  readonly group: GroupKey
  readonly title: string
  readonly ns: number
  readonly fidelity: Fidelity
}

/** Shares of the critical path by who; their `ns` add up to the duration of the trace exactly (D7). */
export function classShares({ path }: TraceIndex): ClassShare[] {
  return byGroup(path.map(({ class: segmentClass, from, to }) => ({ class: segmentClass, ns: to - from })))
    .filter(({ ns }) => ns > 0)
    .map(({ group: { key, title, fidelity }, ns }) => ({ group: key, title, ns, fidelity }))
}

export interface Notice {
  readonly title: string
  readonly why: string
  /** Spans concerned, to jump to the first. */
  readonly spanIds: readonly string[]
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
      spanIds: [],
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
      spanIds: orphans.map((top) => top.id),
    })
  }
  if (roots > 1) {
    notices.push({
      title: `${roots} spans have no parent`,
      why: 'Duration and critical path are those of the earliest; the others are shown after it.',
      spanIds: tops.slice(1, roots).map((top) => top.id),
    })
  }
  for (const { flag, title, why } of rules) {
    const spanIds = flags.find((note) => note.flag === flag)?.spanIds
    if (spanIds) notices.push({ title: title(Math.max(1, spanIds.length)), why, spanIds })
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
  for (const span of index.spans.values()) {
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
  /** Spans that carry it, in order of the answer. */
  readonly spanIds: readonly string[]
}

/** Every flag of the trace with the spans it stands on, most frequent first. */
export function flagNotes({ trace }: TraceIndex): FlagNote[] {
  const byFlag = new Map<string, Set<string>>(trace.flags.map((flag) => [flag, new Set()]))
  for (const { spanId, flags } of [...trace.spans, ...trace.proxies]) {
    for (const flag of flags) {
      const ids = byFlag.get(flag)
      if (ids) ids.add(spanId)
      else byFlag.set(flag, new Set([spanId]))
    }
  }
  return [...byFlag]
    .map(([flag, ids]) => ({ flag, why: reasonSentence(flag), spanIds: [...ids] }))
    .sort((a, b) => b.spanIds.length - a.spanIds.length)
}

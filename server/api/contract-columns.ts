/**
 * A trace for the page that draws it: `GET /api/v1/traces/{traceId}?format=columns`. 100,000 spans are there without an object a span:
 * what repeats is there once, numbers stand in arrays that are read where they lie.
 *
 * The answer: bytes of the head as an unsigned integer of 4 bytes; the head, JSON in UTF-8, which is a `PackedHead`; then the numbers,
 * little-endian, from the next multiple of 8 on. What the head leaves out of `trace` is where its `arrays` say.
 */
import type { Trace } from './contract.ts'

/** Raised when a reader of the version before could not read it. */
export const pageFormat = 1

export interface PackedHead {
  readonly trace: object
  /** Names from `trace` on with dots between, how wide its numbers are, where they begin (bytes after the head) and how many there are. */
  readonly arrays: readonly (readonly [path: string, type: NumberType, at: number, length: number])[]
}
export type NumberType = 'u8' | 'u16' | 'i32' | 'f64'

/** As narrow as its numbers allow. */
export type Numbers = ArrayLike<number>

/** Several numbers an entry: those of entry i end before `ends[i]` of `items`, where those of the next begin. */
export interface Lists {
  readonly ends: Numbers
  readonly items: Numbers
}

export interface Measures {
  /** 0 where it is null. */
  readonly ns: Numbers
  readonly lo: Numbers
  readonly hi: Numbers
  /** Which are null: 1 ns, 2 lo, 4 hi. */
  readonly nulls: Numbers
  readonly level: Numbers
  /** Words with a space between. */
  readonly reasons: Numbers
}

/** A column has an entry for each traversal. Places of spans: -1 for none. */
export interface ProxyColumns {
  readonly span: Numbers
  readonly spans: Lists
  /** Place among `identities`: proxyId, name, family, role, each in its turn. */
  readonly identity: Numbers
  readonly identities: Numbers
  readonly instance: Numbers
  readonly overhead: Measures
  readonly requestPath: Measures
  readonly responsePath: Measures
  readonly added: Measures
  readonly attempts: Numbers
  /** Of those that lost any: place, backoffNs, wastedNs, in turn. */
  readonly lost: Numbers
  /** -1: nothing tells. */
  readonly connect: Numbers
  /** Of those that called several: place, calls, stragglerNs, its span, in turn. */
  readonly fanOut: Numbers
  /** Those that replied themselves. */
  readonly localReply: Numbers
  /** Words with a space between. */
  readonly flags: Numbers
}

/** A column has an entry for each hop. */
export interface HopColumns {
  readonly id: Numbers
  readonly kind: Numbers
  /** Words; -1: there is none, or nobody saw it. */
  readonly caller: Numbers
  readonly callee: Numbers
  /** Places of their spans. */
  readonly callerSpan: Numbers
  readonly calleeSpan: Numbers
  /** Spans. */
  readonly via: Lists
  readonly transit: Measures
  /** Class, owning span, ns, level, in turn. */
  readonly segments: Lists
}

/** Places in `resources`, `sets` and `scopes` are of entries, words by their place among `words`. */
export interface TraceColumns {
  /** Every text once; other columns have places in it. */
  readonly words: readonly string[]
  /** 16 hex digits a span. */
  readonly spanIds: string
  /** Place among the spans; -1: it names none, -2: one that is not among them. */
  readonly parent: Numbers
  /** Place and parent id of the spans whose parent is not among them. */
  readonly missing: readonly (readonly [number, string])[]
  readonly service: Numbers
  readonly name: Numbers
  readonly kind: Numbers
  readonly role: Numbers
  readonly family: Numbers
  readonly rule: Numbers
  readonly status: Numbers
  /** ns since startUnixNano. */
  readonly start: Numbers
  /** ns that placedStart comes after start. */
  readonly moved: Numbers
  readonly duration: Numbers
  readonly self: Measures
  /** Words with a space between. */
  readonly flags: Numbers
  readonly resource: Numbers
  readonly scope: Numbers
  readonly set: Numbers
  /** Keys and values in turn, of the span itself; they win over those of its set. */
  readonly attributes: Lists
  readonly resources: Lists
  /** Name, version. */
  readonly scopes: Lists
  readonly sets: Lists
  /** Of the few spans that have any: place, then each as name, ns since startUnixNano, keys and values of attributes. */
  readonly events: readonly (readonly [number, readonly (readonly number[])[]])[]
  /** The same: trace id, span id. */
  readonly links: readonly (readonly [number, readonly (readonly number[])[]])[]
  readonly path: {
    readonly span: Numbers
    readonly class: Numbers
    readonly leg: Numbers
    readonly start: Numbers
    readonly ns: Numbers
  }
  readonly proxies: ProxyColumns
  readonly hops: HopColumns
}

/** What stands beside the columns, as scripts get it. */
export type TraceHead = Omit<Trace, 'spans' | 'proxies' | 'hops' | 'criticalPath'>

export type CompactTrace = TraceHead & { readonly columns: TraceColumns }

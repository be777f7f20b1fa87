import type { Role, SpanInput } from '../types.ts'
import type { Pattern } from './pattern.ts'
import type { ProcessFacts } from './process.ts'

/**
 * Which side of one traversal a span describes (proxy-spans.md section 2): `down` the request as the proxy received
 * it, `up` one attempt upstream, `stage` work inside, `aside` a call to somebody else that the request waits for
 * (ext_authz, forward auth), `body` reading of an upstream's response after its `up` span ended. `app`: no proxy.
 */
export type SpanLeg = 'app' | 'down' | 'up' | 'stage' | 'aside' | 'body'

/**
 * What the neighbours decide about a role that the span alone leaves open, asked in roles.ts: `server` E12, `client`
 * E13, `proxy-behind` a Kuma dataplane that has no application behind it is a gateway.
 */
export type Settle = 'server' | 'client' | 'proxy-behind'

/** One row: the first whose pattern holds says what the span is. */
export interface Rule {
  /** As in proxy-spans.md section 2. */
  readonly id: string
  readonly when: Pattern
  readonly leg: SpanLeg
  /** Default: gateway. */
  readonly role?: Role
  readonly settle?: Settle
  /** What the span is when no span of the same proxy stands above it. */
  readonly alone?: 'down' | 'app'
  /**
   * Spans that a library of the same process made, and that this span shows to be a gateway's: the SERVER span above
   * becomes its `down`, CLIENT spans below its `up`.
   */
  readonly promotes?: readonly ('server' | 'clients')[]
}

/** A product, or one of several that share a family (Istio and Consul run Envoy). */
export interface Family {
  readonly family: string
  readonly product: string
  /** Holds for each of its rules. */
  readonly gate?: Pattern
  readonly rules: readonly Rule[]
  /** It sends a request to one place, so that several upstream spans are attempts (D6); else they are different calls. */
  readonly oneCall: boolean
  /** Its upstream spans end with the response's headers, its server-side spans with the body. */
  readonly endsAtHeaders?: boolean
  /** Written in a language with an SDK: other spans of the same resource below its span are its own stages. */
  readonly inProcess?: boolean
  /** Emitter slack σ of its SERVER spans in ns (algorithms.md 1.3). Default 0.2 ms. */
  readonly slack?: number
  /** Grid of its clock in ns, where durations suffer from it too (COARSE_CLOCK). */
  readonly coarse?: number
  /** It answered the request itself, if nothing follows. */
  readonly localReply?: Pattern
  /** What it calls never has spans. */
  readonly terminal?: Pattern
  /** Somebody hung up: the span does not tell how long an answer takes. */
  readonly cutOff?: Pattern
  /** Attributes of spans that `identity` reads. */
  readonly identityKeys?: readonly string[]
  /** What its attributes say better than the resource. Never a pod as the workload. */
  readonly identity?: (span: SpanInput, process: ProcessFacts) => Partial<ProcessFacts>
}

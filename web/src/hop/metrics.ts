/** The measurements of proxies and hops in words: what each is, and what stands behind it at each level. */
import type { Distribution, Fidelity } from '../../../server/api/contract.ts'
import type { Quantile } from '../format/figure.ts'

export const proxyMetrics = ['added', 'overhead', 'requestPath', 'responsePath'] as const
export type ProxyMetric = (typeof proxyMetrics)[number]
type Term = ProxyMetric | 'retry' | 'transit'

interface Words {
  readonly title: string
  /** For the (i). */
  readonly means: string
  /** What it was measured from, at the levels that occur. */
  readonly basis: Readonly<Partial<Record<Fidelity, string>>>
}

const ownClock = 'the proxy’s own clock: server and upstream spans, or its timing tags'
const oneSpan = 'at most this: the proxy sends one span, so the wire behind it is in it'
const unknown = 'not measurable from the spans there are'

/** algorithms.md D4b, D4, D2, D6, D3. */
export const terms: Readonly<Record<Term, Words>> = {
  added: {
    title: 'Added time',
    means:
      'What this proxy costs whoever calls through it: from handing it the request to having the answer, without the time of what it ' +
      'called. Failed attempts and back-off are counted apart.',
    basis: {
      bounded: 'at most this: caller’s span minus callee’s, with the wire on both sides',
      modelled: 'proxy’s span minus callee’s, whose wake-up stands in for the proxy’s own',
      unknown,
    },
  },
  overhead: {
    title: 'In-process time',
    means:
      'By the proxy’s own clock, from reading the request to sending it on, and back again. A lower bound of what it costs: waking up, ' +
      'writing to sockets and waiting in front of it are in no span of the proxy.',
    basis: { exact: ownClock, bounded: oneSpan, unknown },
  },
  requestPath: {
    title: 'Request path',
    means: 'The part of the in-process time before the request is sent on.',
    basis: { exact: ownClock, bounded: oneSpan, unknown },
  },
  responsePath: {
    title: 'Response path',
    means: 'The part of the in-process time after the answer has come back.',
    basis: { exact: ownClock, bounded: oneSpan, unknown },
  },
  retry: {
    title: 'Retries',
    means:
      'Failed attempts and the waiting between attempts, of the requests that needed more than one. Beside the added time, not in it.',
    basis: { exact: 'the spans of every attempt', unknown },
  },
  transit: {
    title: 'Transit',
    means:
      'Everything between two applications: the caller’s client span minus the callee’s server span. Durations only, so no two clocks ' +
      'are compared. Every proxy on the way is in it, the wire, and waiting that no proxy sees.',
    basis: { exact: 'caller’s client span minus callee’s server span', unknown },
  },
}

/** The level asked for where it was measured, else the one with most requests; never a mixture. undefined: nothing is known. */
export function atLevel(distributions: readonly Distribution[], level: string): Distribution | undefined {
  return distributions.find(({ fidelity }) => fidelity === level) ?? distributions[0]
}

/** What is shown of a metric that no request has a value of. */
export const nothingKnown: Distribution = {
  n: 0,
  coverage: 0,
  fidelity: 'unknown',
  p50Ns: null,
  p75Ns: null,
  p90Ns: null,
  p95Ns: null,
  p99Ns: null,
  p999Ns: null,
  maxNs: null,
  meanNs: null,
  reasons: [],
}

/**
 * The quantile chosen, else the highest of p99, p95 and p50 that all of them may claim, so that bars beside each other mean the
 * same; p50 when there is none.
 */
export function drawnQuantile(distributions: readonly Distribution[], chosen: Quantile): Quantile {
  const known = distributions.filter(({ p50Ns }) => p50Ns !== null)
  const isStated = (quantile: Quantile) => known.length > 0 && known.every((each) => each[`${quantile}Ns`] !== null)
  return ([chosen, 'p99', 'p95', 'p50'] as const).find(isStated) ?? 'p50'
}

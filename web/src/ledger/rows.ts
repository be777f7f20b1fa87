/** The coverage ledger in words: what was seen of requests, what was lost and why, and what can be said all the same. */
import type { EdgeCallee, Ledger, Overview } from '../../../server/api/contract-measurements.ts'
import type { Distribution } from '../../../server/api/contract.ts'
import { duration } from '../format/duration.ts'
import { count, percent } from '../format/number.ts'
import { reasonInWords } from '../format/reasons.ts'

export interface LedgerRow {
  readonly words: string
  readonly title?: string
  /** 0..1. */
  readonly share?: number
  /** In place of the share. */
  readonly text?: string
  readonly count: string
}

type Kind = 'proxy' | 'hop' | 'trace'
type Layer = Ledger['layers'][number]

const layerWords: Record<Kind, Partial<Record<Layer['layer'], string>>> = {
  proxy: {
    caller: 'an application’s span before it',
    upstream: 'its own spans of upstream calls',
    callee: 'an application’s span behind it',
  },
  hop: {
    caller: 'the caller’s span',
    proxy: 'a proxy on the way',
    callee: 'the callee’s span',
    wire: 'a wire told apart from proxies',
  },
  trace: { root: 'a root span', proxy: 'a proxy on the way' },
}

export const layerRows = (layers: readonly Layer[], kind: Kind): LedgerRow[] =>
  layers.map(({ layer, requests, share }) => ({
    words: layerWords[kind][layer] ?? layer,
    share,
    count: count(requests),
  }))

export const reasonRows = ({ reasons }: Pick<Ledger, 'reasons'>): LedgerRow[] =>
  reasons.map(({ flag, requests, share }) => ({
    words: reasonInWords(flag),
    title: flag,
    share,
    count: count(requests),
  }))

const stateWords: Record<EdgeCallee['state'], string> = {
  traced: 'sends spans',
  sampled: 'samples',
  external: 'sends none',
}

/** What silence of a callee means: a loss, a decision, or nothing. */
export const calleeRows = (callees: readonly EdgeCallee[]): LedgerRow[] =>
  callees.map(({ target, state, asked, answered }) => ({
    words: target || 'wherever it calls',
    title: `${count(answered)} of ${count(asked)} requests of an hour were answered with spans`,
    text: stateWords[state],
    count: `${count(answered)} of ${count(asked)}`,
  }))

/** `p99 ≥ 2.6 ms`: what is certain of a quantile although values are missing. */
export const boundRows = ({ bounds = [], coverage }: Distribution): LedgerRow[] =>
  bounds.map(({ q, loNs, hiNs }) => ({
    words: `p${Number((q * 100).toFixed(1))}`,
    title: 'wherever the unknown values lie',
    text:
      loNs === null && hiNs === null
        ? 'unknown'
        : hiNs === null
          ? `≥ ${duration(loNs!)}`
          : `${loNs === null ? '≤' : `${duration(loNs)} …`} ${duration(hiNs)}`,
    count: `${percent(coverage)} known`,
  }))

export const decileRows = (deciles: Overview['coverage']['deciles']): LedgerRow[] =>
  deciles.map(({ fromNs, toNs, n, complete }) => ({
    words: `${duration(fromNs)} … ${duration(toNs)}`,
    share: complete,
    count: count(n),
  }))

/** By these flags something was lost; the others only say how a number came about. */
const losses = new Set([
  ...['missing_callee', 'missing_parent', 'no_root', 'multi_root', 'truncated', 'sampled_out', 'weight_unknown'],
  ...['neg_gap', 'neg_duration', 'cycle', 'streaming', 'skew_unknown', 'dup_span_id'],
])

/** The ledger of a proxy or hop in one line: which layers were not always seen, and the two most frequent losses. */
export function lineOf({ layers, reasons }: Ledger, kind: Kind): string {
  const partial = layerRows(layers, kind)
    .filter(({ share }) => share! < 1)
    .map(({ words, share }) => (share === 0 ? `none shows ${words}` : `${percent(share!)} show ${words}`))
  const lost = reasonRows({ reasons: reasons.filter(({ flag }) => losses.has(flag)) })
    .slice(0, 2)
    .map(({ words, share }) => `${percent(share!)} ${words}`)
  return [...partial, ...lost].join(' · ') || 'every layer was seen in every request'
}

/** What sampling made of the count; '' where nothing was sampled. */
export const sampledInWords = ({
  requests,
  population,
}: {
  requests: number
  population?: number | undefined
}): string =>
  population === undefined
    ? ''
    : `Sampled: ${count(requests)} stored requests stand for ≈ ${count(population)}; the figures are of those.`

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** One traversal of a proxy as the packets saw it: a record of truth.jsonl.gz (test/fixtures/recordings/README.md). */
export interface Truth {
  lab_id: string
  warmup: boolean
  proxy: string
  /** Family of the proxy. */
  kind: string
  role: string
  traced: boolean
  trace_id: string
  status: number
  attempts: number
  /** Time not covered by upstream exchanges; absent where the packets leave it open. */
  own_us?: number
  upstream: { injected_span_id: string; to: string }[]
}

/** What is compared with the truth: a proxy traversal of the analysis or of the API. */
export interface Claim {
  spanIds: readonly string[]
  family: string
  overhead: { ns: number | null; loNs: number | null; fidelity: string }
  added: { ns: number | null; loNs: number | null; hiNs: number | null }
}

export interface Verdict {
  family: string
  truthNs: number
  /** What is claimed of the in-process time, a number or a lower bound, is above the truth by more than the tolerance. */
  above: boolean
  /** The same of an estimate, whose bounds hold the truth all the same: it may be wrong either way. */
  estimateAbove: boolean
  /** The interval of added time holds the truth, give or take the tolerance. */
  held: boolean
  estimateNs: number | null
}

/** Packet time stamps and span clocks are read in different places. */
export const toleranceNs = 50_000

export function readTruth(recordings: string, name: string): Truth[] {
  const text = gunzipSync(readFileSync(join(recordings, name, 'truth.jsonl.gz'))).toString()
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Truth)
}

/** Traversals whose truth is one clean number: warm, one attempt, answered 200, the proxy traced. */
export const clean = (truth: Truth): truth is Truth & { own_us: number } =>
  truth.traced && !truth.warmup && truth.attempts === 1 && truth.status === 200 && typeof truth.own_us === 'number'

/** The claim about the same traversal; undefined when the analysis saw none. */
export function claimOf<C extends Claim>(truth: Truth, claims: readonly C[]): C | undefined {
  const ids = truth.upstream.map((upstream) => upstream.injected_span_id)
  return claims.find(({ spanIds }) => ids.some((id) => spanIds.includes(id)))
}

/** Holds a claim against the packets. */
export function judge(truth: Truth & { own_us: number }, claim: Claim): Verdict {
  const truthNs = Math.round(truth.own_us * 1000)
  const { ns, loNs: least, fidelity } = claim.overhead
  const { loNs, hiNs } = claim.added
  return {
    family: claim.family,
    truthNs,
    above: ((fidelity === 'exact' ? ns : least) ?? 0) > truthNs + toleranceNs,
    estimateAbove: fidelity === 'modelled' && ns !== null && ns > truthNs + toleranceNs,
    held: (loNs ?? 0) <= truthNs + toleranceNs && (hiNs === null || hiNs >= truthNs - toleranceNs),
    estimateNs: claim.added.ns,
  }
}

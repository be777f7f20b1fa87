/** The sentence that the overview opens with: claim, cause, figure. Every word of it is read off the data. */
import type { Mover, Overview, Split } from '../../../server/api/contract-measurements.ts'
import { change, duration } from '../format/duration.ts'
import { byGroup, proxyGroups } from '../format/groups.ts'
import { count, percent } from '../format/number.ts'
import { shiftOf, type Shift } from '../time/shift.ts'
import { lengthInWords, periodBefore } from '../time/period.ts'

/** Strong parts are figures and names. */
export type Part = string | { readonly strong: string; readonly entity?: Pick<Mover, 'kind' | 'id'> }

export interface Verdict {
  readonly tone: 'slower' | 'faster' | 'calm' | 'quiet'
  readonly parts: readonly Part[]
  /** What to open first. */
  readonly cause: Mover | null
  /** Requests as slow as this and slower are worth a look; null when there are too few to say. */
  readonly slowNs: number | null
}

const quantiles = [
  { q: 0.99, key: 'p99Ns', name: 'p99' },
  { q: 0.95, key: 'p95Ns', name: 'p95' },
  { q: 0.5, key: 'p50Ns', name: 'p50' },
] as const

/** A proxy is named as a cause from this share of the change on, as news in a calm period from this share of the whole. */
const leastOfChange = 0.1
const leastOfWhole = 0.05
const leastOfItself = 0.2

export function verdictOf(overview: Overview, windowMs: number): Verdict {
  const { endToEnd, endToEndBefore, movers } = overview
  const stated = quantiles.find(({ key }) => endToEnd[key] !== null)
  const slowNs = stated ? endToEnd[stated.key] : null
  if (!stated || slowNs === null) return tooLittle(overview, windowMs)

  const { q, name } = stated
  const before = periodBefore(windowMs)
  const spends = whereSpent(overview.splits.find((split) => split.q === q))
  const shift = shiftOf(endToEndBefore, endToEnd, name)
  const now = { strong: duration(slowNs) }
  if (!shift) {
    const parts = [`${name} is `, now, `; ${before} had too little traffic to compare with.`, ...spends]
    return { tone: 'quiet', parts, cause: null, slowNs }
  }
  if (shift.verdict === 'alike') {
    const cause = newsIn(movers, slowNs)
    const was = `, ${shift.diffNs === 0 ? 'as' : `against ${duration(shift.beforeNs)}`} in ${before}.`
    const parts = [cause ? 'Nothing unusual end to end: ' : 'Nothing unusual: ', `${name} is `, now, was]
    return { tone: 'calm', parts: [...parts, ...(cause ? causeWords(cause) : spends)], cause, slowNs }
  }
  const cause = causeOf(movers, shift)
  const [claim, verb] = shift.verdict === 'slower' ? ['Slower', 'rose'] : ['Faster', 'fell']
  const size = { strong: duration(Math.abs(shift.diffNs)) }
  const parts = [`${claim} than ${before}: ${name} ${verb} by `, size, ' to ', now, '.']
  const why = cause ? causeWords(cause) : [` No proxy or hop ${verb} with it.`]
  return { tone: shift.verdict, parts: [...parts, ...why, ...spends], cause, slowNs }
}

function tooLittle({ requests, endToEnd }: Overview, windowMs: number): Verdict {
  const why =
    endToEnd.n >= 200
      ? ` of ${count(requests)} requests too many have no root span.`
      : ` ${count(endToEnd.n)} whole requests in ${lengthInWords(windowMs)}, a median needs ${count(200)}.`
  return { tone: 'quiet', parts: ['Too little to judge by:', why], cause: null, slowNs: null }
}

/** The largest change the same way, proxies before hops: a hop holds its proxies. */
function causeOf(movers: readonly Mover[], shift: Shift): Mover | null {
  const along = movers.filter(
    ({ diffNs }) =>
      Math.sign(diffNs) === Math.sign(shift.diffNs) && Math.abs(diffNs) >= leastOfChange * Math.abs(shift.diffNs),
  )
  return along.find(({ kind }) => kind === 'proxy') ?? along[0] ?? null
}

function newsIn(movers: readonly Mover[], wholeNs: number): Mover | null {
  const news = movers.filter(
    ({ diffNs, beforeNs }) => diffNs >= leastOfWhole * wholeNs && diffNs >= leastOfItself * Math.abs(beforeNs),
  )
  return news.find(({ kind }) => kind === 'proxy') ?? news[0] ?? null
}

function causeWords(cause: Mover): Part[] {
  const { kind, name, diffNs, q } = cause
  const at = ` at p${Math.round(q * 100)}.`
  const size = { strong: duration(Math.abs(diffNs)) }
  const who = { strong: name, entity: cause }
  if (kind === 'proxy') return [' ', who, ' adds ', size, diffNs > 0 ? ' more' : ' less', at]
  return [' ', who, ' takes ', size, diffNs > 0 ? ' longer' : ' less', at]
}

/** `Applications take 75 % of such a request, proxies at most 13 %.` */
function whereSpent(split: Split | undefined): Part[] {
  if (!split || split.totalNs === 0) return []
  const parts = byGroup(split.classes)
  const ofApps = parts.find(({ group }) => group.key === 'app')?.ns ?? 0
  const proxies = parts.filter(({ group }) => proxyGroups.includes(group.key))
  const ofProxies = proxies.reduce((ns, part) => ns + part.ns, 0)
  const isBound = proxies.some(({ group, ns }) => group.fidelity === 'bounded' && ns > 0)
  const share = (ns: number) => ({ strong: percent(ns / split.totalNs, 0) })
  const most = isBound ? 'at most ' : ''
  return [' Applications take ', share(ofApps), ` of such a request, proxies ${most}`, share(ofProxies), '.']
}

/** For titles and the table of movers. */
export function moveInWords({ beforeNs, afterNs, diffNs, nBefore, n }: Mover): string {
  return `${duration(beforeNs)} → ${duration(afterNs)} (${change(diffNs)}), n ${count(nBefore)} → ${count(n)}`
}

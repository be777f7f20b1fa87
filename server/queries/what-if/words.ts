/** What a what-if says in words, and what it takes for granted. */
import type { WhatIf, WhatIfChange, WhatIfTarget } from '../../api/contract-what-if.ts'
import type { Runs } from '../../statistics/runs.ts'
import { durationInWords } from '../duration-words.ts'

/** @param called names by id of proxies and hops. */
export function changeInWords(change: WhatIfChange, called: (id: string) => string, by: string): string {
  switch (change.kind) {
    case 'remove':
      return `Without ${targetInWords(change.target, called)}`
    case 'replace':
      return `With the in-process time of ${by} in place of that of ${targetInWords(change.target, called)}`
    case 'scale':
      return `With ${targetInWords(change.target, called)} at ${Number(change.factor.toPrecision(3))} times the in-process time`
    case 'add':
      return `With ${durationInWords(change.ns)} more in ${targetInWords(change.target, called)}`
    case 'cap':
      return `With ${targetInWords(change.target, called)} taking ${durationInWords(change.ns)} at most`
    case 'cache':
      return `With ${Math.round(1000 * change.share) / 10} % of the calls to ${change.service} answered from a cache`
    case 'noRetries':
      return 'Without the attempts that were made good for'
  }
}

function targetInWords({ proxy, hop, family, dataPlane }: WhatIfTarget, called: (id: string) => string): string {
  const planes = { sidecar: 'sidecars', waypoint: 'waypoints', gateway: 'gateways', mesh: 'proxies of the mesh' }
  const kind = proxy !== undefined ? called(proxy) : dataPlane ? planes[dataPlane] : 'proxies'
  const who = proxy === undefined ? `the ${family ? `${family} ` : ''}${kind}` : kind
  return hop === undefined ? who : `${who} on the way ${called(hop)}`
}

const because: Readonly<Record<WhatIf['reasons'][number], string>> = {
  no_requests: 'no request of this time and filter is settled',
  no_spans: 'their spans have expired; spans are kept for a shorter time than facts',
  not_concerned: 'none of these requests has anything of what would be different',
  no_replacement: 'the cohort to replace it by has no in-process time that is known',
  weight_unknown: 'requests of known and unknown sampling rates are mixed: shares are those of what was stored',
}

type Told = Pick<WhatIf, 'quantiles' | 'saved' | 'reasons' | 'requests' | 'overtaken'>

export function whatIfSentence(changed: string, { quantiles, saved, reasons, overtaken }: Told): string {
  const nothing = reasons.find((reason) => reason !== 'weight_unknown')
  if (nothing !== undefined || saved === null)
    return `${changed}: nothing can be said, ${because[nothing ?? 'no_requests']}.`
  const told = quantiles.filter(({ q, loNs }) => loNs !== null && (q === 0.5 || q === 0.99))
  const said = told.map(
    ({ q, beforeNs, loNs, hiNs }) =>
      `p${100 * q} would be ${durationInWords(loNs!)} to ${durationInWords(hiNs!)} (it is ${durationInWords(beforeNs!)})`,
  )
  const by = (ns: number) => (ns < 0 ? `${durationInWords(-ns)} more` : `${durationInWords(ns)} less`)
  const mean = `a request would take ${by(saved.loNs)} to ${by(saved.hiNs)} on average`
  const taken =
    overtaken !== null && overtaken > 0.005
      ? ` In ${Math.round(100 * overtaken)} % of the requests another call would be the last one that is waited for.`
      : ''
  return `${changed}, ${[mean, ...said].join('; ')}.${taken}`
}

/** What is not asked of the traces. @param runs in which they were drawn; null: they are all that there are. */
export function assumptionsOf(change: WhatIfChange, fidelity: WhatIf['fidelity'], runs: Runs | null): string[] {
  const of: Record<WhatIfChange['kind'], string[]> = {
    remove: [
      'What a proxy does for a request (mutual TLS, retries, routing, limits) is not needed, or done at no cost.',
    ],
    replace: [
      'Two ways mark the range: each request keeps its rank (slow stays slow), or has any in-process time of the other cohort.',
      'Only in-process time is replaced; wires, connects and what the kernel does stay as they are.',
    ],
    scale: ['Only in-process time changes; wires stay as they are.'],
    add: [],
    cap: ['A proxy that is stopped at its cap answers as it would have answered later.'],
    cache: ['A cached call takes no time. Which calls are cached does not depend on how long they take.'],
    noRetries: ['The attempt that succeeded would have succeeded at once.'],
  }
  return [
    'A gap before, between or after calls is work of the span that it is in, not a wait for something without a span.',
    'What waits for what stays as it is: a call begins when the call before it has ended.',
    'No feedback through queues: with faster proxies, load and waiting would change too.',
    'Timeouts and retries are not decided anew.',
    ...of[change.kind],
    ...(fidelity === 'bounded'
      ? [
          'Of proxies with one span, work and wire are one difference: what is saved lies between nothing of it and all of it.',
        ]
      : []),
    'Models like this are off by about 5 % (LatenSeer, SoCC 2023: 5.35 %): the ranges are that much wider.',
    runs === null
      ? 'Quantile intervals take requests for independent.'
      : `Requests were drawn in ${runs.starts.length} runs of ${runs.length} that began in the same minute mostly, one of every ${runs.stretch} requests. Intervals allow for what those of a run have in common, and take runs for independent.`,
  ]
}

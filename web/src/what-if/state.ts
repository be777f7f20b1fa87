/** What of What-if is in its address: whose requests, what would be different, and of which proxies. */
import type { WhatIfChange, WhatIfTarget } from '../../../server/api/contract-what-if.ts'
import { choice, param, setParams } from '../url/state.svelte.ts'

export const kinds = ['remove', 'replace', 'scale', 'cap', 'add', 'cache', 'noRetries'] as const
export type Kind = (typeof kinds)[number]

export const kindWords: Readonly<Record<Kind, string>> = {
  remove: 'were not there',
  replace: 'took the time of others',
  scale: 'took a multiple of their time',
  cap: 'took so long at most',
  add: 'took longer',
  cache: 'calls were cached',
  noRetries: 'nothing were tried again',
}

export const planes = ['sidecar', 'waypoint', 'gateway', 'mesh'] as const

export interface Asked {
  /** A filter as Explore has it, of whole requests. */
  readonly filter: string
  readonly kind: Kind
  /** '': every proxy; one of `planes`; `hop:ID`; else the id of a proxy. */
  readonly target: string
  /** Filter of the cohort whose in-process time it is to be. */
  readonly by: string
  readonly factor: number
  readonly ms: number
  readonly service: string
  readonly share: number
}

/** A number of the address between two; `usual` where it is none of them. */
function numberIn(key: string, lo: number, hi: number, usual: number): number {
  const text = param(key)
  const value = Number(text)
  return text !== '' && value >= lo && value <= hi ? value : usual
}

/** Reactive. */
export const askedIn = (): Asked => ({
  filter: param('q'),
  kind: choice('change', kinds),
  target: param('target'),
  by: param('by'),
  factor: numberIn('factor', 0, 100, 0.5),
  ms: numberIn('ms', 0, 60_000, 1),
  service: param('of'),
  share: numberIn('share', 0, 1, 0.5),
})

export const ask = (changes: Readonly<Record<string, string | null>>): void => setParams(changes, 'push')

export function targetOf(target: string): WhatIfTarget {
  if (target === '') return {}
  const plane = planes.find((one) => one === target)
  if (plane) return { dataPlane: plane }
  return target.startsWith('hop:') ? { hop: target.slice(4) } : { proxy: target }
}

export const needsTarget = (kind: Kind): boolean => kind !== 'cache' && kind !== 'noRetries'

/** What the API is asked; null while something is missing. @param window and scope of the cohort that stands in. */
export function changeOf(
  asked: Asked,
  cohort: (filter: string) => Extract<WhatIfQuestion, { kind: 'replace' }>['by'],
): WhatIfQuestion | null {
  const { kind, factor, service, share } = asked
  const target = targetOf(asked.target)
  const ns = Math.round(1e6 * asked.ms)
  if (kind === 'cache') return service === '' ? null : { kind, service, share }
  if (kind === 'noRetries') return { kind }
  if (kind === 'replace') return asked.by === '' ? null : { kind, target, by: cohort(asked.by) }
  if (kind === 'scale') return { kind, target, factor }
  return kind === 'remove' ? { kind, target } : { kind, target, ns }
}

/** As it is sent: instants as the page has them. */
type WhatIfQuestion =
  | Exclude<WhatIfChange, { kind: 'replace' }>
  | { kind: 'replace'; target: WhatIfTarget; by: { filter: object; from: string; to: string } }

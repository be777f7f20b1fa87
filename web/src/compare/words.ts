/** What Compare says about an answer beside its sentence. */
import type { Comparison } from '../../../server/api/contract-compare.ts'
import { percent } from '../format/number.ts'

const keyWords: Readonly<Record<string, string>> = {
  route: 'route',
  caller: 'caller',
  callee: 'callee',
  zone: 'zone',
  zones: 'zones',
  root: 'first service',
  shape: 'shape of the trace',
  load: 'load',
}

const listed = (keys: readonly string[]) => keys.map((key) => keyWords[key] ?? key).join(', ')

/** `Like for like by route, caller: 38 kinds of request that both have are 94 % of all.` */
export function basisOf({ matched, unmatched, common, strata, moreStrata }: Comparison): string {
  if (matched.length === 0) return 'Requests as they are: nothing was matched.'
  const shared = strata.filter(({ shift }) => shift !== null).length
  const kinds = `${shared}${moreStrata > 0 ? ' and more' : ''} ${shared === 1 ? 'kind' : 'kinds'} of request that both have`
  const but = unmatched.length > 0 ? ` Not by ${listed(unmatched)}, of which they have too little in common.` : ''
  return `Like for like by ${listed(matched)}: ${kinds} ${shared === 1 ? 'is' : 'are'} ${percent(common, 0)} of all.${but}`
}

export const quantileName = (q: number): string => `p${Number((100 * q).toFixed(2))}`

export const strataName = (keys: Readonly<Record<string, string>>): string =>
  Object.values(keys)
    .filter((value) => value !== '')
    .join(' · ') || 'all requests'

export type Side = 'a' | 'b'
export const faster = (diffNs: number | null, distinguishable: boolean): Side | null =>
  diffNs === null || !distinguishable ? null : diffNs > 0 ? 'a' : 'b'

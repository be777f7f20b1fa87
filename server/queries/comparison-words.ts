/** What a comparison says in words. */
import type { CompareRequest, Comparison } from '../api/contract-compare.ts'
import { durationInWords } from './duration-words.ts'
import type { Condition } from './explore/filter.ts'

/** A side as a reader would call it: by what it is narrowed to. */
export function nameOf(
  conditions: readonly Condition[],
  names: ReadonlyMap<string, { readonly name: string }>,
): string {
  const words = conditions.map(({ field, operator, values }) => {
    if (operator !== '=') return `${field} ${operator} ${values.join(', ')}`
    const said = values.map((value) => (field === 'proxy' ? (names.get(value)?.name ?? value) : value)).join(' or ')
    return field === 'dataPlane' ? `data plane ${said}` : field === 'hop' ? `hop ${said}` : said
  })
  return words.length > 0 ? words.join(' · ') : 'all requests'
}

const words: Readonly<Record<CompareRequest['measure'], string>> = {
  transit: 'hop transit',
  added: 'added time',
  overhead: 'in-process time',
  endToEnd: 'end-to-end time',
  meshTax: 'mesh tax',
  gatewayTax: 'gateway tax',
}
const because: Readonly<Record<Comparison['reasons'][number], string>> = {
  few_requests: 'there are fewer than 30 requests on a side',
  few_minutes: 'a side has requests in fewer than 20 stretches of time',
  few_common_strata: 'less than 80 % of the requests are of a kind that both sides have',
  no_common_level: 'no level of fidelity has values on both sides',
  low_coverage: 'more than a fifth of the requests of a side have no value',
  weight_unknown: 'it would mix requests of known and unknown sampling rates',
}

/** The verdict in words. */
export function sentenceOf(result: Omit<Comparison, 'sentence'>): string {
  const { verdict, a, b, reasons, adjusted, measure } = result
  if (verdict === 'not_comparable' || adjusted === null)
    return `${a.name} and ${b.name} cannot be compared: ${reasons.map((reason) => because[reason]).join('; ')}.`
  const tail = adjusted.quantiles.filter(({ q, distinguishable }) => q > 0.5 && distinguishable)
  const at = ({ q, diffNs }: { q: number; diffNs: number | null }) =>
    `${durationInWords(Math.abs(diffNs!))} ${diffNs! > 0 === (verdict !== 'b_faster') ? 'less' : 'more'} at p${Math.round(1000 * q) / 10}`
  if (verdict === 'not_distinguishable') {
    const [worst] = tail.slice(-1)
    const but = worst
      ? ` Only at p${Math.round(1000 * worst.q) / 10} ${worst.diffNs! > 0 ? a.name : b.name} takes ${durationInWords(Math.abs(worst.diffNs!))} less.`
      : ''
    return `${a.name} and ${b.name} are not distinguishable in ${words[measure]}.${but}`
  }
  const [faster, slower] = verdict === 'a_faster' ? [a, b] : [b, a]
  const told = adjusted.quantiles.filter(({ q, diffNs }) => diffNs !== null && (q === 0.5 || q === 0.99))
  const said = told.filter(({ distinguishable }) => distinguishable).map(at)
  const by = said.length > 0 ? `: ${said.join(' and ')}` : ''
  const open = told.filter(({ distinguishable }) => !distinguishable).map(({ q }) => `p${100 * q}`)
  return `${faster.name} is faster than ${slower.name} in ${words[measure]}${by}.${
    open.length > 0 ? ` At ${open.join(' and ')} the two are not distinguishable.` : ''
  }`
}

/** How every number of a comparison is made. */
export const methodInWords =
  'Each side is a histogram (32 buckets an octave: a value is off by 1.09 % at most) by kind of request and stretch of time. Like for like: only kinds that both sides have, each in the share it has in both together. Quantiles are read off these; the shift is that of Hodges and Lehmann on logarithms. Intervals are 95 %: blocks of five stretches are drawn again 200 times, widened by as much as a side wavers by itself (the side that tells more of it speaks for both, with Student’s t of as many stretches as it has) and by what a bucket hides. A difference is distinguishable when its interval leaves out none.'

/** What Explore says: measures, selections and the answer in one sentence. */
import type { Differences, ExploreMeasure, MemberValue, Selection } from '../../../server/api/contract-explore.ts'
import { terms } from '../hop/metrics.ts'
import { duration } from '../format/duration.ts'
import { count, percent } from '../format/number.ts'
import { msOf, span, type Zone } from '../format/time.ts'

export const measureNames: readonly ExploreMeasure[] = [
  'added',
  'overhead',
  'requestPath',
  'responsePath',
  'transit',
  'wire',
  'endToEnd',
  'meshTax',
  'gatewayTax',
]

interface Measured {
  readonly title: string
  /** For the (i). */
  readonly means: string
  /** What one value is of: `traversal`. */
  readonly one: string
  readonly many: string
}

const traversal = { one: 'traversal', many: 'traversals' }
const hop = { one: 'hop', many: 'hops' }
const request = { one: 'request', many: 'requests' }

export const measured: Readonly<Record<ExploreMeasure, Measured>> = {
  added: { ...terms.added, ...traversal },
  overhead: { ...terms.overhead, ...traversal },
  requestPath: { ...terms.requestPath, ...traversal },
  responsePath: { ...terms.responsePath, ...traversal },
  transit: { ...terms.transit, ...hop },
  wire: {
    title: 'Wire',
    means: 'The network between two machines, where spans on both sides tell it from the proxies.',
    ...hop,
  },
  endToEnd: { title: 'End to end', means: 'The whole request, as its root span has it.', ...request },
  meshTax: {
    title: 'Mesh tax',
    means: 'Time on the critical path inside sidecars and waypoints, and on the wires they make.',
    ...request,
  },
  gatewayTax: { title: 'Gateway tax', means: 'Time on the critical path inside gateways.', ...request },
}

/** `> 1.2 ms`, `1.2 … 4 ms`, `< 4 ms`; '' where any value is. */
export function valuesInWords({ minNs, maxNs }: Pick<Selection, 'minNs' | 'maxNs'>): string {
  if (minNs !== null && maxNs !== null) return `${duration(minNs)} … ${duration(maxNs)}`
  if (minNs !== null) return `≥ ${duration(minNs)}`
  return maxNs === null ? '' : `< ${duration(maxNs)}`
}

export function selectionInWords(selection: Selection, window: { from: string; to: string }, zone: Zone): string {
  const values = selection.usual ? `slowest tenth, ${valuesInWords(selection)}` : valuesInWords(selection)
  const whole = selection.fromUnixNano === window.from && selection.toUnixNano === window.to
  const time = whole ? '' : span(msOf(selection.fromUnixNano), msOf(selection.toUnixNano), zone)
  return [time, values].filter(Boolean).join(', ') || 'everything'
}

/** `× 12`, `× 0.08`, and `only there` where nothing else has it. */
export function ratioInWords(ratio: number | null): string {
  if (ratio === null) return 'only there'
  return `×\u202f${ratio >= 9.95 ? count(ratio) : ratio.toFixed(ratio >= 0.995 ? 1 : 2)}`
}

export const valueInWords = (value: string): string => (value === '' ? 'not set' : value)

/** The first thing that is read: what the selected have more often than the rest, or that nothing can be told. */
export function verdict(
  { keys, reasons, selected, baseline, selection }: Differences,
  { one, many }: Pick<Measured, 'one' | 'many'>,
): string {
  if (reasons.includes('few_selected'))
    return `Only ${count(selected.n)} ${selected.n === 1 ? one : many} selected: too few to tell what is different about them.`
  if (reasons.length > 0)
    return `Only ${count(baseline.n)} ${baseline.n === 1 ? one : many} outside the selection: nothing to compare it with.`
  const who = selection.usual ? `the slowest tenth of ${many}` : `the selected ${many}`
  const first = keys.flatMap(({ key, values }) => {
    const value = values.find((each) => each.selection > each.baseline)
    return value ? [{ key, value }] : []
  })[0]
  if (!first) return `Nothing known is distinguishably different about ${who}.`
  return `${percent(first.value.selection, 0)} of ${who} have ${first.key} = ${valueInWords(shortened(first.value))}, of the others ${percent(first.value.baseline, 0)}.`
}

const shortened = ({ value }: MemberValue) => (value.length > 60 ? `${value.slice(0, 59)}…` : value)

/** `a, b, c and 7 more` */
export function fewOf(names: readonly string[], most = 3): string {
  const more = names.length - most
  return more > 1 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ')
}

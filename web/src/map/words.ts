/** What is on the map, in words: for titles and for those who hear it. */
import { duration } from '../format/duration.ts'
import { fidelityInWords, quantileName, type Figure } from '../format/figure.ts'
import { count, percent, perSecond, plural } from '../format/number.ts'
import { roleName } from '../hop/names.ts'
import { labelOfLink, labelOfNode, measureWords, type Asked, type Label } from './figures.ts'
import type { MapGraph, MapLink, MapNode } from './graph.ts'

/** From this share on errors are said on the map itself. */
export const manyErrors = 0.01

/** `≤ 6.4 ms, bounded: …`; `unknown`; `n < 2 000`. */
export function figureInWords({ ns, sign, fidelity, needed, known, medianNs }: Figure): string {
  if (ns !== null) {
    const [level] = fidelityInWords(fidelity).split(':')
    const median = typeof medianNs === 'number' ? `, p50 ${duration(medianNs)}` : ''
    return `${sign} ${duration(ns)}${median}, ${level}`.trim()
  }
  if (needed !== undefined) return `fewer than ${count(needed)} values`
  return known === undefined ? 'unknown' : `known of ${percent(known)} only`
}

function labelInWords(label: Label | undefined, { measure, quantile }: Asked): string {
  if (!label?.figure) return ''
  const among = label.among > 1 ? ` (highest of ${label.among})` : ''
  return `${measureWords[measure]} ${quantileName(quantile)} ${figureInWords(label.figure)}${among}`
}

const kindWords = { service: 'application', clients: 'send no spans', outside: 'sends no spans' } as const

export function nodeInWords(node: MapNode, asked: Asked): string {
  const { kind, name, place, proxy, requests, errorRate, linksIn, linksOut } = node
  return [
    name,
    proxy ? roleName(proxy.role) : kind === 'proxy' ? '' : kindWords[kind],
    place,
    perSecond(requests, asked.windowMs),
    errorRate > 0 ? `${percent(errorRate)} errors` : '',
    labelInWords(labelOfNode(node, asked), asked),
    plural(linksIn, 'link in', 'links in'),
    plural(linksOut, 'link out', 'links out'),
  ]
    .filter(Boolean)
    .join(', ')
}

export function linkInWords(link: MapLink, { nodesById }: MapGraph, asked: Asked): string {
  const name = (id: string) => nodesById.get(id)?.name ?? ''
  const { from, to, beads, hops, requests, errorRate } = link
  return [
    `${name(from)} to ${name(to)}`,
    beads.length > 0 ? `via ${beads.map((bead) => `${bead.name}, ${roleName(bead.role)}`).join(', ')}` : '',
    hops.length > 1 ? plural(hops.length, 'hop') : '',
    perSecond(requests, asked.windowMs),
    errorRate > 0 ? `${percent(errorRate)} errors` : '',
    labelInWords(labelOfLink(link, asked), asked),
  ]
    .filter(Boolean)
    .join(', ')
}

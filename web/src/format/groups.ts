/**
 * Classes of time (algorithms.md D7) as a reader tells them apart, in the order they are drawn: what is on trial first,
 * applications last. Each group holds classes of one level only, so that its sum keeps that level; gateways and sidecars
 * with and without their "or wire" are the lower and the upper bound of their tax (D8), where nothing of theirs is unknown.
 */
import type { Fidelity, SegmentClass } from '../../../server/api/contract.ts'

export type GroupKey =
  'gateway' | 'gateway-or-wire' | 'sidecar' | 'sidecar-or-wire' | 'wire' | 'retry' | 'unknown' | 'external' | 'app'

export interface Group {
  readonly key: GroupKey
  readonly title: string
  readonly classes: readonly SegmentClass[]
  readonly fidelity: Fidelity
}

export const groups: readonly Group[] = [
  { key: 'gateway', title: 'Gateways', classes: ['gateway.proc'], fidelity: 'exact' },
  { key: 'gateway-or-wire', title: 'Gateway or wire', classes: ['gateway.out+wire'], fidelity: 'bounded' },
  { key: 'sidecar', title: 'Sidecars', classes: ['proxy.proc'], fidelity: 'exact' },
  {
    key: 'sidecar-or-wire',
    title: 'Sidecar or wire',
    classes: ['proxy.in', 'proxy.out+wire', 'loopback'],
    fidelity: 'bounded',
  },
  { key: 'wire', title: 'Network', classes: ['wire'], fidelity: 'exact' },
  { key: 'retry', title: 'Retries', classes: ['retry'], fidelity: 'exact' },
  { key: 'unknown', title: 'Unknown', classes: ['unknown'], fidelity: 'unknown' },
  { key: 'external', title: 'Outside', classes: ['external'], fidelity: 'exact' },
  { key: 'app', title: 'Applications', classes: ['app'], fidelity: 'exact' },
]

const groupOfClass = Object.fromEntries(
  groups.flatMap(({ key, classes }) => classes.map((name) => [name, key])),
) as Record<SegmentClass, GroupKey>

export const groupOf = (segmentClass: SegmentClass): GroupKey => groupOfClass[segmentClass]

/** Of proxies of either kind: what a mesh and its gateways may cost. */
export const proxyGroups: readonly GroupKey[] = ['gateway', 'gateway-or-wire', 'sidecar', 'sidecar-or-wire']

export interface GroupPart {
  readonly group: Group
  readonly ns: number
}

/** ns by group, in drawing order; adds up to the sum of `parts` exactly. What is not there is 0, not missing. */
export function byGroup(parts: readonly { readonly class: SegmentClass; readonly ns: number }[]): GroupPart[] {
  return groups.map((group) => ({
    group,
    ns: parts.reduce((ns, part) => (group.classes.includes(part.class) ? ns + part.ns : ns), 0),
  }))
}

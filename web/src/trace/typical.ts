/** A request beside a typical one, in words and by who. */
import type { ClassDifference, Typical } from '../../../server/api/contract-peers.ts'
import { groupOf, groups, type GroupKey } from '../format/groups.ts'
import { count, percent } from '../format/number.ts'

export interface GroupDifference {
  readonly key: GroupKey
  readonly title: string
  readonly ns: number
  readonly typicalNs: number
}

/** Classes by who; largest difference first. Differences add up to that of the durations still. */
export function byGroups(classes: readonly ClassDifference[]): GroupDifference[] {
  const sums = new Map<GroupKey, { ns: number; typicalNs: number }>()
  for (const { class: segmentClass, ns, typicalNs } of classes) {
    const key = groupOf(segmentClass)
    const sum = sums.get(key) ?? { ns: 0, typicalNs: 0 }
    sums.set(key, { ns: sum.ns + ns, typicalNs: sum.typicalNs + typicalNs })
  }
  return [...sums]
    .map(([key, sum]) => ({ key, title: groups.find((group) => group.key === key)!.title, ...sum }))
    .sort((a, b) => Math.abs(b.ns - b.typicalNs) - Math.abs(a.ns - a.typicalNs))
}

/** Counts, not percentiles, where they are few. */
export function slowerThan({ n, below, equal }: Pick<Typical, 'n' | 'below' | 'equal'>): string {
  const others = n - 1
  const alike = equal > 1 ? ` (as long as ${count(equal - 1)})` : ''
  const share = others >= 100 ? percent(below / others) : count(below)
  return `It took longer than ${share} of ${count(others)} other requests of the same shape in the hour before${alike}.`
}

/** From the hours in which versions served requests to the instants at which one came. Pure. */
import type { Window } from './rollup-window.ts'

export interface VersionHour {
  readonly kind: 'proxy' | 'service'
  /** Of a proxy, UInt64 as ClickHouse writes it. */
  readonly id: string
  readonly service: string
  readonly environment: string
  readonly cluster: string
  readonly namespace: string
  readonly version: string
  /** Starts of the first and the last request of the hour. */
  readonly firstUnixNano: string
  readonly lastUnixNano: string
}

export interface VersionChange {
  readonly of: VersionHour
  readonly version: string
  /** The versions that had served requests until then, within `absentMs`. */
  readonly before: readonly string[]
  readonly atUnixNano: string
}

/** A version is new that has not served a request for so long, while another one of the same has: a canary of little traffic is not. */
const absentMs = 6 * 3_600_000
/** So much before the window has to be known. */
export const lookbackMs = absentMs

/** @param hours from `lookbackMs` before the window on, in order of time. */
export function changesIn(hours: readonly VersionHour[], { fromMs, toMs }: Window): VersionChange[] {
  /** Of one proxy or application, by version: when it was last seen. */
  const known = new Map<string, Map<string, bigint>>()
  const changes: VersionChange[] = []
  for (const hour of hours) {
    const { kind, id, service, environment, cluster, namespace, version } = hour
    const key = [kind, id, service, environment, cluster, namespace].join('\n')
    const lastOf = known.get(key) ?? new Map<string, bigint>()
    known.set(key, lastOf)
    const [first, last] = [BigInt(hour.firstUnixNano), BigInt(hour.lastUnixNano)]
    const since = first - BigInt(absentMs) * 1_000_000n
    const isNew = (lastOf.get(version) ?? since - 1n) < since
    const before = [...lastOf].filter(([other, at]) => other !== version && at >= since).map(([other]) => other)
    const isInside = first >= BigInt(fromMs) * 1_000_000n && first < BigInt(toMs) * 1_000_000n
    if (isNew && isInside && before.length > 0)
      changes.push({ of: hour, version, before, atUnixNano: hour.firstUnixNano })
    lastOf.set(version, last)
  }
  return changes
}

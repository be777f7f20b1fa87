/** What would be different, as the analysis takes it (algorithms.md section 10). */
import { hash64 } from '../../analysis/hash.ts'
import { identityOf } from '../../analysis/identity.ts'
import type { Traversal } from '../../analysis/node.ts'
import type { OwnWork, WhatIf } from '../../analysis/what-if.ts'
import type { WhatIfChange, WhatIfTarget } from '../../api/contract-what-if.ts'
import type { Fidelity } from '../../api/contract.ts'
import { histogramOf, type Histogram } from '../../statistics/histogram.ts'
import { mapped, redrawn } from '../../statistics/what-if.ts'

/** In-process times that are to stand in for others. */
export interface Replacement {
  readonly histogram: Histogram
  /** bounded: upper bounds, each with 0 below it. */
  readonly fidelity: Fidelity
}

/** Proxies that a change is about; of a cache and of retries none. */
export function targetOf(change: WhatIfChange): Pick<WhatIf, 'concerns' | 'hopId'> {
  return 'target' in change ? { concerns: isTarget(change.target), hopId: change.target.hop } : {}
}

function isTarget({ proxy, family, dataPlane }: WhatIfTarget): (traversal: Traversal) => boolean {
  const planes = dataPlane === 'mesh' ? ['sidecar', 'waypoint'] : [dataPlane]
  return (traversal) => {
    if (family !== undefined && traversal.family !== family) return false
    if (dataPlane !== undefined && !planes.some((plane) => traversal.role.startsWith(plane!))) return false
    if (proxy === undefined) return true
    const { proxyId, name } = identityOf(traversal)
    return proxy === proxyId || proxy === name
  }
}

/**
 * What to re-time with; of `replace` two: each time takes the rank that it has among its own, or any. With bounds of what spans
 * tell in both, what is true lies between the four.
 * @param own in-process times of the target, as they are told.
 */
export function whatIfsOf(change: WhatIfChange, own: readonly number[], by: Replacement | null): WhatIf[] {
  const about = targetOf(change)
  switch (change.kind) {
    case 'remove':
      return [{ ...about, removed: true }]
    case 'scale':
      return [{ ...about, work: (ns) => change.factor * ns }]
    case 'add':
      return [{ ...about, work: (ns) => ns + change.ns }]
    case 'cap':
      return [{ ...about, work: (ns) => Math.min(ns, change.ns) }]
    case 'cache':
      return [{ cached: { service: change.service, share: change.share } }]
    case 'noRetries':
      return [{ withoutRetries: true }]
    case 'replace':
      return by === null
        ? []
        : [sameRank(own, by.histogram), anyRank(by.histogram)].map((as) => replaced(about, by, as))
  }
}

const sameRank = (own: readonly number[], by: Histogram) => {
  const map = mapped(histogramOf(own), by)
  return ({ told }: OwnWork) => map(told)
}

function anyRank(by: Histogram) {
  let rank = 0
  const draw = redrawn(by, () => rank)
  return ({ traceId, spanId }: OwnWork) => {
    rank = parseInt(hash64([traceId, spanId]).slice(0, 8), 16) / 2 ** 32
    return draw()
  }
}

const replaced = (
  about: Pick<WhatIf, 'concerns' | 'hopId'>,
  { fidelity }: Replacement,
  as: (own: OwnWork) => number,
): WhatIf => ({
  ...about,
  work: (_, own) => {
    if (fidelity !== 'bounded') return as(own)
    return own.bound === 'lower' ? as(own) : own.bound === 'upper' ? 0 : null
  },
})

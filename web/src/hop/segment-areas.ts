/** Series of segments as the stacked areas of a chart. */
import type { SegmentClass } from '../../../server/api/contract.ts'
import type { Series, SeriesPoint } from '../../../server/api/contract-measurements.ts'
import type { Area } from '../charts/lines.ts'
import type { Token } from '../charts/plot.ts'
import type { Steps } from '../charts/steps.ts'
import { segmentWords } from './segments.ts'

/** Large areas take the tint where the wire is in it; what is unknown has no fill. */
const colours: Readonly<Record<SegmentClass, { readonly fill?: Token; readonly edge: Token }>> = {
  'gateway.proc': { fill: '--gateway', edge: '--gateway' },
  'gateway.out+wire': { fill: '--gateway-tint', edge: '--gateway' },
  'proxy.out+wire': { fill: '--sidecar-tint', edge: '--sidecar' },
  'proxy.proc': { fill: '--sidecar', edge: '--sidecar' },
  wire: { fill: '--wire-tint', edge: '--wire' },
  'proxy.in': { fill: '--sidecar-tint', edge: '--sidecar' },
  loopback: { fill: '--wire', edge: '--wire' },
  retry: { fill: '--retry', edge: '--retry' },
  external: { fill: '--bg-inset', edge: '--app-edge' },
  app: { fill: '--app', edge: '--app-edge' },
  unknown: { edge: '--unknown' },
}

/**
 * Mean time of each class a request of the hop, so that a step's areas add up to its mean transit: a class that only some
 * requests have counts as nothing in the others.
 */
export function areasOf(
  classes: readonly SegmentClass[],
  series: readonly Series[],
  steps: Steps<Pick<SeriesPoint, 'n'>>,
): Area[] {
  return classes.map((segmentClass, i) => {
    const points = new Map(series[i]?.points.map((point) => [BigInt(point.startUnixNano), point]))
    const values = steps.times.map((ms, step) => {
      const requests = steps.points[step]?.n ?? 0
      const point = points.get(BigInt(ms) * 1_000_000n)
      if (requests === 0) return null
      return point && point.meanNs !== null ? (point.meanNs * point.n) / requests : 0
    })
    return { name: segmentWords[segmentClass].title, values, ...colours[segmentClass] }
  })
}

import type { TraceAnalysis } from '../../analysis/types.ts'
import { foldHop, foldProxy, foldTrace, minuteOf, traceBase, type Rollups } from './rollups.ts'

/** Adds everything of a trace. @param flags D9 flags that only the finaliser knows, as in its facts. */
export function foldAnalysis(rollups: Rollups, trace: TraceAnalysis, flags: number): void {
  const { hops, proxies, weight } = trace
  const base = traceBase(trace.baseUnixNano)
  for (const hop of hops) {
    const minute = minuteOf(base, hop.start)
    if (minute !== null) foldHop(rollups, hop, { minute, flags, weight, sign: 1 })
  }
  for (const proxy of proxies) {
    const minute = minuteOf(base, proxy.start)
    if (minute !== null) foldProxy(rollups, proxy, { minute, flags, weight, sign: 1 })
  }
  const minute = minuteOf(base, trace.start)
  if (minute !== null) foldTrace(rollups, trace, { minute, flags, weight, sign: 1 })
}

/** A trace that the analysis failed on counts as one without a route, a place or an end-to-end time. @param flags as in its fact. */
export function foldFailed(
  rollups: Rollups,
  { firstStart, service }: { firstStart: bigint; service: string },
  flags: number,
): void {
  const minute = minuteOf(traceBase(firstStart), 0)
  if (minute === null) return
  const nowhere = { environment: '', cluster: '', namespace: '', rootService: '', rootName: '' }
  const services = service ? [service] : []
  const trace = { ...nowhere, duration: null, error: false, tax: null, criticalPath: [], flags, services, proxies: [] }
  foldTrace(rollups, trace, { minute, flags: 0, weight: 1, sign: 1 })
}

import { analyseTrace } from '../server/analysis/analyse.ts'
import { auditTrace } from '../server/analysis/audit.ts'
import type { AnalysisSettings, Measure, Tax, TraceInput } from '../server/analysis/types.ts'

/**
 * What the analysis of a trace breaks of what holds for every trace: I1-I3 of D7, segments that add up, bounds in order.
 * Empty as it must be.
 */
export function violationsOf(trace: TraceInput, settings: AnalysisSettings): string[] {
  const violations = auditTrace(trace, settings)
  const { duration, criticalPath, hops, proxies, spans, tax } = analyseTrace(trace, settings)
  const path = criticalPath.reduce((sum, { ns }) => sum + ns, 0)
  if (path !== (duration ?? 0)) violations.push(`the path is ${path} of ${duration}`)
  for (const { transit, segments, callee } of hops) {
    const sum = segments.reduce((total, { ns }) => total + ns, 0)
    if (transit.ns !== null && (sum !== transit.ns || segments.some(({ ns }) => !(ns >= 0))))
      violations.push(`hop to ${callee?.spanId}: segments of ${sum}, transit ${transit.ns}`)
  }
  for (const [payer, { lowerNs, upperNs, estimateNs, removableNs, share }] of Object.entries<Tax>(tax)) {
    const inOrder = [0, lowerNs, estimateNs ?? lowerNs, upperNs, duration ?? 0]
    if (!isAscending(inOrder) || removableNs < 0 || removableNs > upperNs || !(share >= 0 && share <= 1))
      violations.push(`${payer} tax: ${inOrder.join()}, removable ${removableNs}, share ${share}`)
  }
  for (const { spanId, self } of spans)
    if (!isSound(self)) violations.push(`self of ${spanId}: ${JSON.stringify(self)}`)
  for (const { spanId, overhead, requestPath, responsePath, added } of proxies)
    for (const measure of [overhead, requestPath, responsePath, added])
      if (!isSound(measure)) violations.push(`proxy ${spanId}: ${JSON.stringify(measure)}`)
  for (const { transit, wire, callee } of hops)
    for (const measure of [transit, wire])
      if (!isSound(measure)) violations.push(`hop to ${callee?.spanId}: ${JSON.stringify(measure)}`)
  return violations
}

const isAscending = (values: readonly number[]) => values.every((value, i) => i === 0 || values[i - 1]! <= value)

/** api.md "Measure": integers, not negative, and as many of them as its fidelity says. */
function isSound({ ns, loNs, hiNs, fidelity }: Measure): boolean {
  const told = [loNs, ns, hiNs].filter((value) => value !== null)
  if (!told.every((value) => Number.isSafeInteger(value) && value >= 0) || !isAscending(told)) return false
  switch (fidelity) {
    case 'exact':
      return ns !== null && loNs === ns && hiNs === ns
    case 'bounded':
      return ns === null && loNs !== null
    case 'modelled':
      return ns !== null && loNs !== null
    case 'unknown':
      return told.length === 0
  }
}

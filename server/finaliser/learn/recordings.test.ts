import { describe, expect, it } from 'vitest'
import { recordedTraces } from '../../../test/recorded.ts'
import { analyseTrace } from '../../analysis/analyse.ts'
import { flagNames } from '../../analysis/flags.ts'
import type { TraceAnalysis } from '../../analysis/types.ts'
import { openLearner } from './learner.ts'

/** What many traces of a recording teach about it. */
function learned(name: string): TraceAnalysis[] {
  const learner = openLearner()
  const inputs = recordedTraces(name)
  for (const input of inputs) learner.watch(analyseTrace(input, { networkRttNs: 0 }))
  learner.learn(1n)
  return inputs.map((input) => analyseTrace(input, { networkRttNs: 0, ...learner.settings }))
}

describe('recordings, with what they teach', () => {
  it('s9-sampling-sidecar: the half that the sidecar did not sample is sampled out, not external and not lost', () => {
    const silent = learned('s9-sampling-sidecar').filter(({ spans }) => spans.length === 2)
    expect(silent.length).toBeGreaterThan(20)
    for (const { criticalPath, flags } of silent) {
      expect(criticalPath.some((segment) => segment.class === 'external')).toBe(false)
      expect(flagNames(flags)).toContain('sampled_out')
    }
  })

  it('s9-lost-export: what was lost is missing, never external', () => {
    const traces = learned('s9-lost-export')
    const outbound = traces
      .flatMap(({ proxies }) => proxies)
      .filter(({ identity }) => identity.role === 'sidecar-outbound')
    expect(outbound.length).toBeGreaterThan(60)
    for (const { overhead } of outbound) expect(overhead.reasons).toEqual(['missing_callee'])
    for (const { flags } of traces) expect(flagNames(flags)).not.toContain('sampled_out')
  })

  it('s9-no-sdk-dropped: an application without spans is external to its sidecar', () => {
    const orders = learned('s9-no-sdk-dropped')
      .flatMap(({ proxies }) => proxies)
      .filter(({ identity, overhead }) => identity.role === 'sidecar-inbound' && overhead.fidelity === 'unknown')
      .filter(({ overhead }) => !overhead.reasons.includes('neg_gap'))
    expect(orders.length).toBeGreaterThan(30)
    for (const { overhead } of orders) expect(overhead.reasons).toEqual(['single_span_proxy'])
  })
})

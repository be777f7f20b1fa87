import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { randomIntegers, randomTree } from '../../test/random-trees.ts'
import { analyseTrace, placedTree } from './analyse.ts'
import { auditTrace, pathViolations } from './audit.ts'
import { criticalPath } from './path.ts'

const settings = { networkRttNs: 0 }

describe('critical paths', () => {
  it('CP-8: partition the root in 200,000 random trees (I1-I3)', () => {
    const random = randomIntegers(8)
    let segments = 0
    for (let i = 0; i < 200_000; i++) {
      const tree = placedTree(randomTree(random), settings)
      const path = criticalPath(tree.root!)
      const violations = pathViolations(tree.root!, tree.order, path)
      if (violations.length > 0) throw new Error(violations.join('; '))
      segments += path.length
    }
    expect(segments).toBeGreaterThan(400_000)
  }, 300_000)

  it('come with hops whose segments add up to the transit, in 20,000 random trees', () => {
    const random = randomIntegers(9)
    for (let i = 0; i < 20_000; i++)
      for (const { transit, segments } of analyseTrace(randomTree(random), settings).hops) {
        const sum = segments.reduce((total, { ns }) => total + ns, 0)
        if (transit.ns !== null && (sum !== transit.ns || segments.some(({ ns }) => ns < 0)))
          throw new Error(`${sum} of ${transit.ns}`)
      }
  }, 120_000)
})

describe('the audit', () => {
  const trace = picture(`
    P S go 0-1000
      A I go 100-400
      B I go 500-900`)
  const { root, order } = placedTree(trace, settings)
  const path = criticalPath(root!)
  const kinds = (changed: typeof path) => [
    ...new Set(pathViolations(root!, order, changed).map((violation) => violation.slice(0, 2))),
  ]

  it('finds nothing in a path that is right, and nothing without a root', () => {
    expect(auditTrace(trace, settings)).toEqual([])
    expect(auditTrace({ ...trace, spans: trace.spans.slice(1) }, settings)).toEqual([])
  })

  it('finds gaps, spans that did not run, and children that ended in between', () => {
    expect(kinds(path.slice(1))).toEqual(['I1'])
    expect(kinds(path.slice(0, -1))).toEqual(['I1'])
    expect(kinds(path.map((segment) => ({ ...segment, ns: segment.ns + 0.5 })))).toContain('I1')
    expect(
      kinds(path.map((segment) => ({ ...segment, spanId: segment.spanId === 'A' ? 'B' : segment.spanId }))),
    ).toEqual(['I2'])
    expect(kinds([{ spanId: 'P', class: 'app', leg: 'self', start: 0, ns: 1_000_000 }])).toEqual(['I3'])
  })
})

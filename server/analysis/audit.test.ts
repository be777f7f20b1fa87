import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { violationsOf } from '../../test/invariants.ts'
import { brokenTree, randomIntegers, randomTree } from '../../test/random-trees.ts'
import { placedTree } from './analyse.ts'
import { auditTrace, pathViolations } from './audit.ts'
import { criticalPath } from './path.ts'

const settings = { networkRttNs: 0 }

describe('critical paths', () => {
  it('CP-8: partition the root in 200,000 random trees (I1-I3)', () => {
    const random = randomIntegers(8)
    let segments = 0
    for (let i = 0; i < 200_000; i++) {
      const tree = placedTree(randomTree(random), settings)
      const path = criticalPath(tree.root!).segments
      const violations = pathViolations(tree.root!, tree.order, path)
      if (violations.length > 0) throw new Error(violations.join('; '))
      segments += path.length
    }
    expect(segments).toBeGreaterThan(400_000)
  }, 300_000)
})

describe('every number', () => {
  it.each([
    ['whole', randomTree],
    ['broken', brokenTree],
  ])(
    'is sound, adds up and keeps its bounds in 10,000 random trees: %s ones',
    (_, generate) => {
      for (let seed = 1; seed <= 10_000; seed++) {
        const violations = violationsOf(generate(randomIntegers(seed)), settings)
        if (violations.length > 0) throw new Error(`seed ${seed}: ${violations.join('; ')}`)
      }
    },
    120_000,
  )
})

describe('the audit', () => {
  const trace = picture(`
    P S go 0-1000
      A I go 100-400
      B I go 500-900`)
  const { root, order } = placedTree(trace, settings)
  const path = criticalPath(root!).segments
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

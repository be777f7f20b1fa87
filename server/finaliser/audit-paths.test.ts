import { expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { auditPaths } from './audit-paths.ts'

const trace = picture('a S go 0-100')
const chosen = (i: number) => ({ ...trace, traceId: (1000 * i).toString(16).padStart(32, '0') })

it('checks one trace of a thousand, tells the first violation once, never throws', () => {
  const seen: string[] = []
  const audit = auditPaths({ networkRttNs: null }, ({ traceId }) => {
    seen.push(traceId)
    if (seen.length === 1) return []
    if (seen.length === 2) return ['I1: broken', 'I2: too']
    throw new Error('dead')
  })
  audit.maybe(chosen(1))
  expect(audit.news()).toEqual([])
  for (let i = 0; i < 1000; i++) audit.maybe({ ...trace, traceId: (2000 + i).toString(16).padStart(32, '0') })
  expect(seen).toHaveLength(2)
  const second = `trace ${chosen(2).traceId}: I1: broken`
  expect(audit.news()).toEqual([`1 of 2 audited critical paths break an invariant, the first of them ${second}`])
  expect(audit.news()).toEqual([])
  audit.maybe(chosen(3))
  expect(audit.news()).toEqual([`2 of 3 audited critical paths break an invariant, the first of them ${second}`])
  audit.maybe(chosen(4))
  expect(audit.news()).toEqual([])
})

it('finds nothing wrong with what the analysis makes of a trace', () => {
  const audit = auditPaths({ networkRttNs: null })
  for (let i = 0; i < 100; i++) audit.maybe(chosen(i))
  expect(audit.news()).toEqual([])
})

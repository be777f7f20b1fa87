import { expect, test } from 'vitest'
import { SegmentClass } from '../../../server/api/contract.ts'
import { byGroup, groups, proxyGroups } from './groups.ts'

test('every class of time belongs to exactly one group', () => {
  expect(groups.flatMap(({ classes }) => classes).sort()).toEqual([...SegmentClass.options].sort())
})

test('groups add up exactly, and proxies to the upper bound of their taxes (T1, algorithms.md D8)', () => {
  const t1 = [
    ['gateway.proc', 500],
    ['wire', 400],
    ['proxy.in', 1100],
    ['app', 8400],
    ['loopback', 220],
    ['proxy.out+wire', 1380],
  ] as const
  const parts = byGroup(t1.map(([name, us]) => ({ class: name, ns: us * 1_000 })))
  const sum = (keys: readonly string[]) =>
    parts.reduce((ns, part) => (keys.includes(part.group.key) ? ns + part.ns : ns), 0)
  expect(sum(groups.map(({ key }) => key))).toBe(12_000_000)
  expect(sum(['sidecar', 'sidecar-or-wire'])).toBe(2_700_000)
  expect(sum(proxyGroups)).toBe(3_200_000)
})

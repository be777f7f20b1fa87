import { expect, it } from 'vitest'
import { byGroups, slowerThan } from './typical.ts'

it('adds classes up by who, the largest difference first', () => {
  const all = byGroups([
    { class: 'proxy.in', ns: 5, typicalNs: 1 },
    { class: 'proxy.out+wire', ns: 5, typicalNs: 2 },
    { class: 'app', ns: 50, typicalNs: 90 },
    { class: 'wire', ns: 3, typicalNs: 3 },
  ])
  expect(all.map(({ title, ns, typicalNs }) => [title, ns, typicalNs])).toEqual([
    ['Applications', 50, 90],
    ['Sidecar or wire', 10, 3],
    ['Network', 3, 3],
  ])
})

it.each([
  [{ n: 8, below: 3, equal: 1 }, 'It took longer than 3 of 7 other requests of the same shape in the hour before.'],
  [
    { n: 8, below: 0, equal: 3 },
    'It took longer than 0 of 7 other requests of the same shape in the hour before (as long as 2).',
  ],
  [
    { n: 201, below: 150, equal: 1 },
    'It took longer than 75.0 % of 200 other requests of the same shape in the hour before.',
  ],
])('%j reads %s', (counts, text) => {
  expect(slowerThan(counts).replace(/\s/g, ' ')).toBe(text)
})

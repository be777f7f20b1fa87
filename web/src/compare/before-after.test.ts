import { expect, it } from 'vitest'
import { beforeAfter } from './before-after.ts'

const asked = { atMs: 1_800_000_000_000, filter: 'proxy = 00000000000000aa', measure: 'added' as const }
const minute = 60_000

it('compares as much time after an instant as there is since, at least half an hour, at most two hours', () => {
  const lengthAfter = (minutes: number) => {
    const { from, to } = beforeAfter(asked, asked.atMs + minutes * minute)
    expect(from).toBe(String(asked.atMs))
    return (Number(to) - Number(from)) / minute
  }
  expect([lengthAfter(5), lengthAfter(45), lengthAfter(600)]).toEqual([30, 45, 120])
})

it('asks both sides the same, A in the time before', () => {
  expect(beforeAfter(asked, asked.atMs)).toMatchObject({
    a: asked.filter,
    b: asked.filter,
    measure: 'added',
    time: 'before',
  })
})

import { expect, it } from 'vitest'
import type { AlertRecord } from './book.ts'
import { begunWith } from './place.ts'

const minute = 60_000
interface Made {
  started: number
  since: number
  phase?: string
  partOf?: string
}
const record = (id: string, { started, since, phase = 'firing', partOf }: Made) =>
  ({
    ...{ id, kind: 'regression', startedMs: started * minute, partOf: partOf ?? null },
    state: { phase, sinceMs: since * minute },
  }) as AlertRecord

it('of what fires, all that began or was noticed at about its time is told with it', () => {
  const fired = record('fired', { started: 100, since: 105 })
  const others = [
    record('began with it', { started: 90, since: 140 }),
    record('noticed with it, since when is not clear yet', { started: 60, since: 108 }),
    record('pending', { started: 101, since: 105, phase: 'pending' }),
    record('noticed with it, but beneath another', { started: 60, since: 108, partOf: 'another' }),
    record('long before', { started: 60, since: 70 }),
    record('over', { started: 100, since: 105, phase: 'resolved' }),
  ]
  const book = new Map([fired, ...others].map((one) => [one.id, one]))
  expect(begunWith(book, [fired]).map(({ id }) => id)).toEqual([
    ...['fired', 'began with it', 'noticed with it, since when is not clear yet', 'pending'],
  ])
})

it('with one of a group comes all of it, also the one that speaks for it and is over for the moment', () => {
  const fired = record('fired', { started: 118, since: 125 })
  const others = [
    record('lead', { started: 95, since: 100, phase: 'keep' }),
    record('near', { started: 102, since: 108, partOf: 'lead' }),
    record('far', { started: 80, since: 100, partOf: 'lead' }),
    record('over', { started: 100, since: 108, partOf: 'lead', phase: 'resolved' }),
    record('of another', { started: 80, since: 90, partOf: 'another' }),
  ]
  const book = new Map([fired, ...others].map((one) => [one.id, one]))
  expect(begunWith(book, [fired]).map(({ id }) => id)).toEqual(['fired', 'lead', 'near', 'far'])
})

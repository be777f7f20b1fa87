import { describe, expect, it } from 'vitest'
import { AlertRuleBody } from '../api/contract-alert-rules.ts'
import { applyRule, dueOf, endOrphans, type AlertRecord, type Book, type Evaluated } from './book.ts'
import type { Finding } from './state.ts'

const minute = 60_000
const rule = {
  id: 'r',
  body: AlertRuleBody.parse({
    kind: 'threshold',
    name: 'r',
    measure: 'added',
    valueNs: 5,
    forMs: 2 * minute,
    keepFiringMs: minute,
  }),
}
const series = (id: string) => ({ kind: 'proxy' as const, id, name: id, fidelity: 'exact' as const })
const found = (id: string, finding: Finding): Evaluated => ({
  series: series(id),
  finding,
  value: finding === 'unknown' ? null : 7,
  n: 10,
  pages: true,
})

function run(book: Book, at: number, ...evaluated: Evaluated[]) {
  const own = [...book.values()]
  return applyRule(book, own, rule, evaluated, {
    atMs: at * minute,
    intervalMs: minute,
    idOf: (id, { id: of }) => `${id}-${of}`,
  })
}
const loud = () => false
const ids = (records: readonly AlertRecord[]) => records.map(({ id }) => id)

describe('the book of alerts', () => {
  it('has one for each series, from the first time that it is met', () => {
    const book: Book = new Map()
    expect(run(book, 1, found('a', 'gone'), found('b', 'met')).changes.map(({ what }) => what)).toEqual(['pending'])
    expect([...book.keys()]).toEqual(['r-b'])
    run(book, 2, found('b', 'met'))
    expect(run(book, 3, found('b', 'met')).changes).toMatchObject([{ what: 'firing', value: 7 }])
    expect(book.get('r-b')).toMatchObject({ firedMs: 3 * minute, state: { sinceMs: minute } })
  })

  it('tells each life of an alert once, and its end', () => {
    const book: Book = new Map()
    for (const at of [1, 2, 3]) run(book, at, found('a', 'met'))
    const [record] = dueOf(book, loud).firing
    record!.told = record!.firedMs
    run(book, 4, found('a', 'met'))
    expect(dueOf(book, loud)).toEqual({ firing: [], resolved: [] })
    run(book, 5, found('a', 'gone'))
    run(book, 6, found('a', 'gone'))
    expect(ids(dueOf(book, loud).resolved)).toEqual(['r-a'])
    record!.told = null
    for (const at of [7, 8, 9]) run(book, at, found('a', 'met'))
    expect(ids(dueOf(book, loud).firing)).toEqual(['r-a'])
    expect(record!.firedMs).toBe(9 * minute)
  })

  it('tells nobody of what is silenced, beneath others or not to be paged, and of a silenced one when the silence ends', () => {
    const book: Book = new Map()
    for (const at of [1, 2, 3]) run(book, at, found('a', 'met'), found('b', 'met'), found('c', 'met'))
    Object.assign(book.get('r-b')!, { partOf: 'r-a', quiet: 'symptom' })
    book.get('r-c')!.pages = false
    expect(dueOf(book, () => true).firing).toEqual([])
    expect(ids(dueOf(book, loud).firing)).toEqual(['r-a'])
  })

  it('says that it is over when all beneath it are', () => {
    const book: Book = new Map()
    for (const at of [1, 2, 3]) run(book, at, found('a', 'met'), found('b', 'met'))
    Object.assign(book.get('r-b')!, { partOf: 'r-a', quiet: 'symptom' })
    book.get('r-a')!.told = 3 * minute
    for (const at of [4, 5]) run(book, at, found('a', 'gone'), found('b', 'met'))
    expect(dueOf(book, loud).resolved).toEqual([])
    for (const at of [6, 7]) run(book, at, found('a', 'gone'), found('b', 'gone'))
    expect(ids(dueOf(book, loud).resolved)).toEqual(['r-a'])
  })

  it('holds what nothing is heard of, and ends what no rule is about', () => {
    const book: Book = new Map()
    for (const at of [1, 2, 3]) run(book, at, found('a', 'met'))
    run(book, 4)
    expect(book.get('r-a')!.state).toMatchObject({ phase: 'firing', dataOk: false })
    const { changes } = endOrphans(book, () => false, 5 * minute)
    expect(changes).toMatchObject([{ what: 'resolved' }])
    expect(endOrphans(book, () => false, 6 * minute).changes).toEqual([])
  })
})

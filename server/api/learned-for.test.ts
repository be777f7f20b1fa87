import { expect, it } from 'vitest'
import type { ClickHouse, Params } from '../../storage/clickhouse.ts'
import type { LearnedSettings } from '../analysis/learned/learned.ts'
import { analysedAsItsFacts } from './learned-for.ts'

const atMs = Date.UTC(2030, 0, 1)
const place = { job: '32', firstNano: `${atMs}000000`, lastNano: `${atMs}000000` }
const trace = (spans: number) => ({ traceId: '', baseUnixNano: 0n, spans: new Array<never>(spans) })

/** Knows what lies beyond edges. */
function clickhouseOf(callees: Record<string, string>) {
  const asked: Params[] = []
  const query = (sql: string, params: Params) => {
    asked.push(params)
    const rows = Object.entries(callees)
      .filter(([edge]) => ((params['keys'] as string[] | undefined) ?? [edge]).includes(edge))
      .map(([edge, callee]) => ({ job: '16', windowMs: String(atMs), edge, asked: 9, answered: 9, callee }))
    return Promise.resolve(sql.includes('FROM edge_callees') ? rows : [])
  }
  return { clickhouse: { query } as unknown as ClickHouse, asked }
}

it('reads what an analysis asks for, and what it asks for then, as its job knew it', async () => {
  const { clickhouse, asked } = clickhouseOf({ a: 'external', b: 'traced', c: 'sampled' })
  const analyse = ({ callee }: LearnedSettings) =>
    callee!('a', atMs) === 'external' ? callee!('b', atMs) : callee!('nothing', atMs)
  expect(await analysedAsItsFacts(clickhouse, trace(2), place, analyse, {})).toBe('traced')
  expect(asked.map(({ keys }) => keys)).toEqual([
    ['a', 'nothing'],
    ['a', 'nothing', 'b'],
  ])
  expect(asked.every(({ beforeJob }) => beforeJob === 32n)).toBe(true)
})

it('reads nothing for an analysis that asks for nothing', async () => {
  const { clickhouse, asked } = clickhouseOf({})
  expect(await analysedAsItsFacts(clickhouse, trace(2), place, () => 'done', {})).toBe('done')
  expect(asked).toEqual([])
})

it('reads all that was learned for a trace of many spans, or of many names', async () => {
  const { clickhouse, asked } = clickhouseOf({ x7: 'external' })
  const analyse = ({ callee }: LearnedSettings) => Array.from({ length: 300 }, (_, i) => callee!(`x${i}`, atMs))[7]
  expect(await analysedAsItsFacts(clickhouse, trace(3_000), place, analyse, {})).toBe('external')
  expect(await analysedAsItsFacts(clickhouse, trace(2), place, analyse, {})).toBe('external')
  expect(asked).toHaveLength(8)
  expect(asked.every(({ keys }) => keys === undefined)).toBe(true)
})

import { expect, it } from 'vitest'
import { longIntoText } from './clickhouse.ts'

it('short parameters stay parameters', () => {
  const params = { ids: [1, 2], name: "it's", from: 5 }
  expect(longIntoText('SELECT {ids:Array(UInt64)}, {name:String}', params)).toEqual({
    ...{ query: 'SELECT {ids:Array(UInt64)}, {name:String}', rest: params, long: 0 },
  })
})

it('long strings and lists of integers become literals, whatever is in them', () => {
  const name = "'\\ {ids:Array(UInt64)} $& ".repeat(200)
  const ids = Array.from({ length: 1000 }, (_, i) => 2n ** 64n - 1n - BigInt(i))
  const { query, rest, long } = longIntoText('SELECT {ids:Array(UInt64)}, {name:String}, {from:Int64}', {
    ids,
    name,
    from: 5,
  })
  expect([rest, long]).toEqual([{ from: 5 }, 2])
  const escaped = name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  expect(query).toBe(`SELECT CAST('[${ids.join(',')}]' AS Array(UInt64)), '${escaped}', {from:Int64}`)
})

it('lists of anything else stay parameters', () => {
  const params = { names: Array.from({ length: 1000 }, () => "x'") }
  expect(longIntoText('SELECT {names:Array(String)}', params).rest).toBe(params)
})

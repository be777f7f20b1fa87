import { expect, it } from 'vitest'
import { nativeBlock } from '../../storage/native.ts'
import { IdTable } from './id-table.ts'
import { readNative } from './native-reader.ts'
import { rowAttributes } from './row-attributes.ts'

function attributesOf(rows: readonly (readonly (readonly [string, string])[])[]) {
  const block = nativeBlock([['attrs', 'Map(LowCardinality(String), String)']])
  for (const attrs of rows) block.push({ attrs })
  const [read] = [...readNative(block.toBytes())]
  const at = rowAttributes(read!.column('attrs', 'maps'))
  return rows.map((_, row) => at(row))
}

it('reads the attributes of a row as a Map would give them, the last of a key that is there twice', () => {
  const pairs = [
    ['b', '1'],
    ['a', 'é'],
    ['b', ''],
  ] as const
  const [, read] = attributesOf([[['x', '9']], pairs])
  const map = new Map<string, string>(pairs)
  expect([...read!]).toEqual([...map])
  expect([...read!.entries()]).toEqual([...map.entries()])
  expect([...read!.keys()]).toEqual([...map.keys()])
  expect([...read!.values()]).toEqual([...map.values()])
  expect(['a', 'b', 'x'].map((key) => [read!.get(key), read!.has(key)])).toEqual([
    ['é', true],
    ['', true],
    [undefined, false],
  ])
  const seen: string[] = []
  read!.forEach((value, key) => seen.push(`${key}=${value}`))
  expect([read!.size, ...seen]).toEqual([2, 'b=', 'a=é'])
})

it('gives rows with the same keys in the same order one list of them', () => {
  const rows = attributesOf([
    [
      ['a', '1'],
      ['b', '2'],
    ],
    [
      ['a', '3'],
      ['b', '4'],
    ],
    [
      ['b', '2'],
      ['a', '1'],
    ],
    [],
  ])
  expect(rows[1]!.keyList).toBe(rows[0]!.keyList)
  expect(rows[2]!.keyList).toEqual(['b', 'a'])
  expect([...rows[3]!]).toEqual([])
})

it('finds entries by both halves of their ids, however many there are', () => {
  const table = new IdTable<number>()
  const ids = Array.from({ length: 5000 }, (_, i) => [Math.imul(i, 7) >>> 0, (i % 3) - 1] as const)
  expect(table.find(0, 0)).toBeUndefined()
  ids.forEach(([low, high], i) => table.add(low, high, i))
  table.add(ids[7]![0], ids[7]![1], -1)
  expect(ids.map(([low, high]) => table.find(low, high))).toEqual(ids.map((_, i) => i))
  expect([table.size, table.find(7, 2)]).toEqual([5000, undefined])
})

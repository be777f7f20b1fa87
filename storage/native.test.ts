import { describe, expect, it } from 'vitest'
import { FixedColumn, FixedStringColumn, LowCardinalityColumn } from './native-columns.ts'
import { nativeBlock } from './native.ts'

/** Byte layout; that ClickHouse reads it the same way is held by test/integration/round-trip.test.ts. */
describe('nativeBlock', () => {
  it('writes counts, then name, type and data of each column', () => {
    const block = nativeBlock([
      ['n', 'UInt16'],
      ['s', 'String'],
    ])
    block.push({ n: 0x0102, s: 'é' })
    expect(block.toBytes().toString('hex')).toBe(
      ['0201', '016e', '0655496e743136', '0201', '0173', '06537472696e67', '02c3a9'].join(''),
    )
  })

  it('builds the dictionary of a LowCardinality and widens its indexes only when needed', () => {
    const block = nativeBlock([['w', 'LowCardinality(String)']])
    for (const w of ['a', 'b', 'a']) block.push({ w })
    const version = '0100000000000000'
    const flags = '0006000000000000'
    const dictionary = '0200000000000000' + '0161' + '0162'
    expect(block.toBytes().toString('hex')).toContain(version + flags + dictionary + '0300000000000000' + '000100')
    for (let i = 0; i < 300; i++) block.push({ w: `word ${i}` })
    expect(block.toBytes().toString('hex')).toContain(version + '0106000000000000')
  })

  it('takes rows back, and a dictionary starts anew with an empty block', () => {
    const specs = [
      ['id', 'UInt64'],
      ['m', 'Map(LowCardinality(String), String)'],
      ['a', 'Array(Nullable(Int64))'],
      ['f', 'FixedString(2)'],
    ] as const
    const row = (n: bigint) => ({ id: n, m: [[`k${n}`, `v${n}`]], a: [n, null], f: 'beef' })
    const twice = nativeBlock(specs)
    twice.push(row(1n))
    twice.push(row(2n))
    twice.truncate(0)
    twice.push(row(3n))
    const once = nativeBlock(specs)
    once.push(row(3n))
    expect(twice.toBytes()).toEqual(once.toBytes())
    once.push(row(4n))
    once.truncate(1)
    expect(once.rows).toBe(1)
  })

  it('takes rows back from the columns that have them: one may be filled at the end only', () => {
    const specs = [
      ['n', 'UInt8'],
      ['f', 'FixedString(2)'],
      ['last', 'UInt8'],
    ] as const
    const block = nativeBlock(specs)
    for (const n of [1, 2]) {
      block.column('n', FixedColumn<number>).push(n)
      block.column('f', FixedStringColumn).push('beef')
    }
    block.truncate(1)
    block.column('last', FixedColumn<number>).push(9)
    const other = nativeBlock(specs)
    other.push({ n: 1, f: 'beef', last: 9 })
    expect(block.toBytes()).toEqual(other.toBytes())
  })

  it.each([
    [{ n: 256, s: '', f: '' }, /column n UInt8: 256/],
    [{ n: 1, s: '', f: 'abc' }, /column f FixedString\(2\): expected 2 bytes/],
    [{ n: 1, f: '' }, /column s String: missing/],
  ])('refuses %j and keeps its columns even', (row, message) => {
    const block = nativeBlock([
      ['n', 'UInt8'],
      ['s', 'String'],
      ['f', 'FixedString(2)'],
    ])
    block.push({ n: 1, s: 'x', f: 'beef' })
    expect(() => block.push(row)).toThrow(message)
    expect(block.rows).toBe(1)
    expect(() => block.toBytes()).not.toThrow()
  })

  it('hands out columns to be filled by halves and ranges', () => {
    const block = nativeBlock([
      ['u', 'UInt64'],
      ['w', 'LowCardinality(String)'],
    ])
    block.column('u', FixedColumn).data.u64(0xffffffff, 1)
    expect(() => block.toBytes()).toThrow(/column w has 0 of 1 rows/)
    block.column('w', LowCardinalityColumn).push(Buffer.from('x'))
    const other = nativeBlock([
      ['u', 'UInt64'],
      ['w', 'LowCardinality(String)'],
    ])
    other.push({ u: 0x1ffffffffn, w: 'x' })
    expect(block.toBytes()).toEqual(other.toBytes())
    expect(() => block.column('u', LowCardinalityColumn)).toThrow(/no column u/)
  })
})

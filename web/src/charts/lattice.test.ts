import { describe, expect, it } from 'vitest'
import { latticeOf } from './lattice.ts'

/** Columns of a lattice, rows from the bottom. */
const columnsOf = ({ columns, rows, counts }: ReturnType<typeof latticeOf>) =>
  Array.from({ length: columns }, (_, x) => [...counts.subarray(x * rows, (x + 1) * rows)])

describe('latticeOf', () => {
  it('cuts away empty rows above and below, not between', () => {
    const lattice = latticeOf(
      {
        boundsNs: [1e5, 2e5, 4e5, 8e5, 16e5, 32e5],
        counts: [
          [0, 3, 0, 0, 0],
          [0, 0, 0, 5, 0],
        ],
      },
      100,
    )
    expect(lattice.bounds).toEqual([2e5, 4e5, 8e5, 16e5])
    expect(columnsOf(lattice)).toEqual([
      [3, 0, 0],
      [0, 0, 5],
    ])
    expect(lattice.max).toBe(5)
    expect(lattice.hasZero).toBe(false)
  })

  it('merges neighbouring rows until they fit and loses no request', () => {
    const lattice = latticeOf({ boundsNs: [1e3, 2e3, 4e3, 8e3, 16e3, 32e3], counts: [[1, 2, 3, 4, 5]] }, 3)
    expect(lattice.bounds).toEqual([1e3, 4e3, 16e3, 32e3])
    expect(columnsOf(lattice)).toEqual([[3, 7, 5]])
  })

  it('gives what is zero a row of its own, whatever lies between it and the rest', () => {
    const lattice = latticeOf({ boundsNs: [0, 4e4, 8e4, 16e4], counts: [[7, 0, 2]] }, 100)
    expect(lattice.hasZero).toBe(true)
    expect(lattice.bounds).toEqual([0, 8e4, 16e4])
    expect(columnsOf(lattice)).toEqual([[7, 2]])
  })

  it('of nothing but zeros is that one row, of nothing at all none', () => {
    expect(columnsOf(latticeOf({ boundsNs: [0, 1, 2], counts: [[4, 0]] }, 9))).toEqual([[4]])
    expect(latticeOf({ boundsNs: [0, 1, 2], counts: [[0, 0]] }, 9)).toMatchObject({ rows: 0, columns: 1, max: 0 })
    expect(latticeOf({ boundsNs: [], counts: [] }, 9)).toMatchObject({ rows: 0, columns: 0 })
  })
})

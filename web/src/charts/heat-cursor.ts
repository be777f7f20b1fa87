/** Moving over a heatmap's cells by keys. */
import type { Cell, HeatFrame } from './heat-frame.ts'

/** The cell a key leads to from `at`; undefined for a key that does not move. Without a cell it begins at the newest column. */
export function cellByKey(key: string, at: Cell | undefined, { lattice }: HeatFrame): Cell | undefined {
  if (!/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(key) || lattice.rows === 0) return undefined
  const last = lattice.columns - 1
  if (!at) return fullestOf(lattice, key === 'Home' ? 0 : last)
  const within = (value: number, end: number) => Math.min(end, Math.max(0, value))
  switch (key) {
    case 'Home':
      return { ...at, column: 0 }
    case 'End':
      return { ...at, column: last }
    case 'ArrowLeft':
      return { ...at, column: within(at.column - 1, last) }
    case 'ArrowRight':
      return { ...at, column: within(at.column + 1, last) }
    case 'ArrowUp':
      return { ...at, row: within(at.row + 1, lattice.rows - 1) }
    default:
      return { ...at, row: within(at.row - 1, lattice.rows - 1) }
  }
}

function fullestOf({ rows, counts }: HeatFrame['lattice'], column: number): Cell {
  let row = 0
  for (let i = 1; i < rows; i++) if (counts[column * rows + i]! > counts[column * rows + row]!) row = i
  return { column, row }
}

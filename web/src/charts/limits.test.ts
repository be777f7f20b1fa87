import { expect, it } from 'vitest'
import { placedLimits } from './limits.ts'

const frame = { y: (ns: number) => 100 - ns }
const limit = (value: number, text: string) => ({ value, text, look: 'fires' as const })

it('lines beyond the plot stand at its edge and say so', () => {
  const placed = placedLimits([limit(150, 'a'), limit(50, 'b'), limit(-9, 'c')], frame, 100)
  expect(placed.map(({ y, isOutside }) => [y, isOutside])).toEqual([
    ...[
      [0.5, 'above'],
      [50, null],
      [99.5, 'below'],
    ],
  ])
})

it('texts of lines that are as high stand beside each other', () => {
  const [first, same, near, far] = placedLimits(
    [limit(50, 'budget 3 ms'), limit(50, 'fires > 3 ms'), limit(44, 'ends < 2.5 ms'), limit(10, 'else')],
    frame,
    100,
  )
  expect(first!.x).toBe(far!.x)
  expect(same!.x).toBeGreaterThan(first!.x + 5 * 'budget 3 ms'.length)
  expect(near!.x).toBeGreaterThan(same!.x + 5 * 'fires > 3 ms'.length)
})

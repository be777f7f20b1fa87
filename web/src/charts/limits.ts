/** Values that a chart of latencies marks across its whole width, such as where a rule fires. */
export interface ValueLimit {
  /** ns */
  readonly value: number
  readonly text: string
  readonly look: 'fires' | 'resolves'
}

export interface PlacedLimit extends Omit<ValueLimit, 'value'> {
  readonly y: number
  /** What it marks lies beyond the plot; it stands at the edge then, and says so. */
  readonly isOutside: 'above' | 'below' | null
}

/** @param frame of which only the height of a value is asked. @param height px of the plot. */
export function placedLimits(
  limits: readonly ValueLimit[],
  frame: { y(ns: number): number },
  height: number,
): PlacedLimit[] {
  return limits.map(({ value, text, look }) => {
    const y = frame.y(value)
    const isOutside = y < 0 ? 'above' : y > height ? 'below' : null
    return { text, look, isOutside, y: Math.min(Math.max(y, 0.5), height - 0.5) }
  })
}

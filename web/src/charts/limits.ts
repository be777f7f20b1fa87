/** Values that a chart of latencies marks across its whole width, such as where a rule fires. */
export interface ValueLimit {
  /** ns */
  readonly value: number
  readonly text: string
  readonly look: 'fires' | 'resolves'
}

export interface PlacedLimit extends Omit<ValueLimit, 'value'> {
  readonly y: number
  /** Where its text begins, px: beside the text of a line that is as high. */
  readonly x: number
  /** What it marks lies beyond the plot; it stands at the edge then, and says so. */
  readonly isOutside: 'above' | 'below' | null
}

/** px that a text of the axis' size needs about. */
const textHeight = 13
const textWidth = (text: string) => 6.4 * text.length + 10

/** @param frame of which only the height of a value is asked. @param height px of the plot. */
export function placedLimits(
  limits: readonly ValueLimit[],
  frame: { y(ns: number): number },
  height: number,
): PlacedLimit[] {
  const placed: PlacedLimit[] = []
  for (const { value, text, look } of limits) {
    const at = frame.y(value)
    const isOutside = at < 0 ? 'above' : at > height ? 'below' : null
    const y = Math.min(Math.max(at, 0.5), height - 0.5)
    const beside = placed.filter((one) => Math.abs(one.y - y) < textHeight)
    const x = Math.max(4, ...beside.map((one) => one.x + textWidth(one.text)))
    placed.push({ text, look, isOutside, x, y })
  }
  return placed
}

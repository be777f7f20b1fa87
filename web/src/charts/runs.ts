/**
 * A value of a step holds for the whole of it: a run of steps with values is drawn from the beginning of its first to the
 * end of its last, so that a single step between two gaps is a dash and not nothing.
 */
export type Drawn = number | null | undefined

/** x of what is drawn: the edges and middles of all steps, in turn. */
export function edgesAndMiddles(times: readonly number[], stepMs: number): number[] {
  const last = times.at(-1)
  if (last === undefined) return []
  return [...times.flatMap((ms) => [ms, ms + stepMs / 2]), last + stepMs]
}

/** y for them: null is a gap, undefined a place that the line just passes. */
export function runsOf(values: readonly (number | null)[]): Drawn[] {
  if (values.length === 0) return []
  const drawn: Drawn[] = []
  for (let i = 0; i <= values.length; i++) {
    const [before, after] = [values[i - 1] ?? null, values[i] ?? null]
    drawn.push(before !== null && after !== null ? undefined : (before ?? after))
    if (i < values.length) drawn.push(after)
  }
  return drawn
}

/** Each series on top of those before it; a step where none has a value stays a gap. */
export function stacked(layers: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const length = layers[0]?.length ?? 0
  const sum: number[] = new Array<number>(length).fill(0)
  const empty = Array.from({ length }, (_, i) => layers.every((layer) => (layer[i] ?? null) === null))
  return layers.map((layer) => layer.map((value, i) => (empty[i] ? null : (sum[i] = (sum[i] ?? 0) + (value ?? 0)))))
}

/**
 * Labels that want to stand at `wanted` px, moved as little as keeps them `gap` apart and within [lo, hi].
 * Keeps the order of their wishes.
 */
export function spread(wanted: readonly number[], gap: number, lo: number, hi: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!)
  const placed = [...wanted]
  let floor = lo
  for (const i of order) {
    placed[i] = Math.max(placed[i]!, floor)
    floor = placed[i]! + gap
  }
  let ceiling = hi
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i]!, ceiling)
    ceiling = placed[i]! - gap
  }
  return placed
}

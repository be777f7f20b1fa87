/** Instants marked on a time axis: deploys and other events, those that would touch together. */
export interface Mark {
  readonly ms: number
  readonly title: string
}

export interface PlacedMark {
  readonly x: number
  readonly text: string
  /** To the left of the line where there is no room at its right. */
  readonly isLeft: boolean
  /** px that the text may take. */
  readonly room: number
}

/** Lines closer than this look like one. */
const closestPx = 6
/** A text of less room says nothing. */
const leastRoomPx = 28

export function placedMarks(
  marks: readonly Mark[],
  { fromMs, toMs, width }: { fromMs: number; toMs: number; width: number },
): PlacedMark[] {
  const groups: { x: number; titles: string[] }[] = []
  const inside = marks.filter(({ ms }) => ms >= fromMs && ms <= toMs).toSorted((a, b) => a.ms - b.ms)
  for (const { ms, title } of inside) {
    const x = ((ms - fromMs) / (toMs - fromMs)) * width
    const last = groups.at(-1)
    if (last && x - last.x < closestPx) last.titles.push(title)
    else groups.push({ x, titles: [title] })
  }
  let taken = 0
  return groups.map(({ x, titles }, i) => {
    const [first = '', ...others] = titles
    const text = others.length > 0 ? `${first} +${others.length}` : first
    const next = groups[i + 1]?.x ?? width
    const [after, before] = [next - x - 8, x - taken - 8]
    const wanted = text.length * 6.6
    const isLeft = after < wanted && before > after
    const room = Math.max(0, isLeft ? before : after)
    taken = isLeft ? x : x + Math.min(room, wanted)
    return { x, text: room < leastRoomPx ? '' : text, isLeft, room }
  })
}

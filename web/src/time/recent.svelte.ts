/** The ranges that this reader chose last, the newest first, in localStorage; those that are a click away anyway are not kept. */
import { stored, store } from '../shell/storage.ts'
import { relativeRanges, rangeOf, type Range } from './range.ts'

const key = 'ranges'
const most = 5

let ranges = $state.raw<readonly Range[]>(read())

function read(): Range[] {
  try {
    const said: unknown = JSON.parse(stored(key) ?? '[]')
    if (!Array.isArray(said)) return []
    return said.flatMap((one: unknown) => {
      if (typeof one !== 'object' || one === null || !('from' in one) || !('to' in one)) return []
      return rangeOf(String(one.from), String(one.to), Date.now()) ?? []
    })
  } catch {
    return []
  }
}

/** Reactive. */
export function recentRanges(): readonly Range[] {
  return ranges
}

export function rememberRange({ from, to }: Range): void {
  if (to === 'now' && relativeRanges.some((known) => known.from === from)) return
  ranges = [{ from, to }, ...ranges.filter((range) => range.from !== from || range.to !== to)].slice(0, most)
  store(key, JSON.stringify(ranges))
}

import { describe, expect, it } from 'vitest'
import { changesIn, type VersionHour } from './version-changes.ts'

/** A letter an hour and version: `v1 ###.##` served requests in the first three hours and the last two, from minute 10 to 50. */
function hoursOf(picture: readonly string[], id = '1'): VersionHour[] {
  const hours = picture.flatMap((line) => {
    const [version = '', marks = ''] = line.split(' ')
    return [...marks].flatMap((mark, hour) => {
      if (mark !== '#') return []
      const at = (minute: number) => String(BigInt(hour * 60 + minute) * 60_000_000_000n)
      const place = { environment: '', cluster: '', namespace: 'shop' }
      return [
        { kind: 'proxy' as const, id, service: '', ...place, version, firstUnixNano: at(10), lastUnixNano: at(50) },
      ]
    })
  })
  return hours.sort((a, b) => Number(BigInt(a.firstUnixNano) - BigInt(b.firstUnixNano)))
}

const hourMs = 3_600_000
const changes = (picture: readonly string[], fromHour = 0, toHour = 99) =>
  changesIn(hoursOf(picture), { fromMs: fromHour * hourMs, toMs: toHour * hourMs }).map(
    ({ version, before, atUnixNano }) =>
      `${version} after ${before.join()} at ${Number(BigInt(atUnixNano) / 60_000_000_000n) / 60}`,
  )

describe('a new version of a proxy or an application', () => {
  it('is one that comes while another was there', () => {
    expect(changes(['v1 ####', 'v2 ...####'])).toEqual([`v2 after v1 at ${3 + 1 / 6}`])
  })
  it('is none where nothing was there before: that is a new application', () => {
    expect(changes(['v1 ....##'])).toEqual([])
    expect(changes(['v1 #', 'v2 ..........#'])).toEqual([])
  })
  it('is none where it served a request now and then', () => {
    expect(changes(['v1 ##########', 'v2 #....#...#'], 1)).toEqual([])
  })
  it('is the one before again after six hours away', () => {
    expect(changes(['v1 ##.......##', 'v2 .########'], 2)).toEqual([`v1 after v2 at ${9 + 1 / 6}`])
  })
  it('counts in the window only, and knows what was before it', () => {
    expect(changes(['v1 ####', 'v2 ..######'], 3)).toEqual([])
  })
  it('is of its own proxy', () => {
    const both = [...hoursOf(['v1 #']), ...hoursOf(['v2 .#'], '2')]
    expect(changesIn(both, { fromMs: 0, toMs: 99 * hourMs })).toEqual([])
  })
})

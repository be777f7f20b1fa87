import { isActive, isFiring } from '../../server/alerts/book.ts'
import type { Cell } from '../../server/alerts/cause.ts'
import { effectSince } from '../../server/alerts/effect.ts'
import { begunWith, place, speaksFor, standingBeside } from '../../server/alerts/place.ts'
import { chance } from '../../test/chance.ts'
import { nothing } from './traffic.ts'
import { copyWorld, firstMinute, minuteMs, runTo, step, type World } from './world.ts'

/** A bad version on 41 of the proxies, which fire when they do: how many things there are to tell, and whether they are said rightly. */
export const bad = 41
const background = 30
/** By so much. */
const truth = 1.4

export interface Told {
  /** Alerts that somebody is told of within an hour. */
  readonly alerts: number
  /** The first says that it is the version, and nothing else. */
  readonly isRight: boolean
  /** The interval of its effect holds the truth. */
  readonly holds: boolean
  readonly symptoms: number
}

export function oneVersion(past: World, seed: number): Told {
  const world = copyWorld(past, seed)
  const start = firstMinute + step * 2 + (seed % step)
  const random = chance(seed + 5)
  const told = new Map<string, { isRight: boolean; holds: boolean }>()
  const happens = (series: number, minute: number) =>
    series < bad && minute >= start ? { effect: Math.log(truth), seen: 1 } : nothing
  runTo(world, start + 60, happens, (fired, at) => {
    if (fired.length === 0) return
    const together = begunWith(
      world.book,
      fired.map(({ record }) => record),
    )
    const slow = new Set([...world.book.values()].filter(isActive).map(({ series }) => Number(series.id)))
    const others = world.watched.map((_, i) => i).filter((i) => !slow.has(i))
    const quiet = Array.from({ length: background }, () => others[Math.floor(random.next() * others.length)]!)
    const looked = [...together.map(({ series }) => Number(series.id)), ...new Set(quiet)]
    place(together, {
      cells: { proxy: looked.flatMap((i) => cellsOf(i, i < bad)), hop: [] },
      ...{ viaOf: () => [], classesOf: () => [], classes: new Map(), standing: standingBeside(world.book, together) },
    })
    for (const record of world.book.values()) {
      if (!isFiring(record) || !record.pages || record.quiet !== null || record.told !== null) continue
      record.told = at * minuteMs
      const started = Math.floor((record.startedMs ?? record.state.sinceMs) / minuteMs)
      const before = record.baseline ?? []
      const among = speaksFor(world.book, record)
      const watched = world.watched[Number(record.series.id)]!
      const effect = effectSince(watched, { end: at, started, before, among }, random.next)
      const [term, ...more] = record.cause?.predicate ?? []
      told.set(record.id, {
        isRight: more.length === 0 && term?.key === 'version' && term.value === '1.29',
        holds: effect !== null && effect.lo <= truth && effect.hi >= truth,
      })
    }
  })
  const [first] = told.values()
  return {
    alerts: told.size,
    isRight: first?.isRight ?? false,
    holds: first?.holds ?? false,
    symptoms: [...world.book.values()].filter(({ quiet }) => quiet === 'symptom').length,
  }
}

function cellsOf(series: number, isBad: boolean): Cell[] {
  const mean = 1e6 * (1 + (series % 7) / 3)
  const tally = (n: number, of: number) => ({ n, weight: n, sum: n * of, squares: n * (of * of + (of / 3) ** 2) })
  const attributes = (version: string) => ({
    ...{ proxy: String(series), version, node: `n${series % 5}` },
    route: series % 3 === 0 ? '/a' : '/b',
  })
  const of = (version: string, before: number, since: number, now = mean): Cell => ({
    ...{ series: String(series), attributes: attributes(version) },
    ...{ before: tally(before, mean), since: tally(since, now) },
  })
  return isBad ? [of('1.28', 400, 0), of('1.29', 0, 400, mean * truth)] : [of('1.28', 400, 400)]
}

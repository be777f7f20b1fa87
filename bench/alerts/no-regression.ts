import type { Cell } from '../../server/alerts/cause.ts'
import { group, type Known } from '../../server/alerts/grouping.ts'
import { chance } from '../../test/chance.ts'
import { nothing, type Happening } from './traffic.ts'
import { copyWorld, firstMinute, runTo, type World } from './world.ts'

/** What is no regression and looks like one: how often somebody would be called for it. */

type Happens = (series: number, minute: number) => Happening
const hour = 60
const from = firstMinute + 10

/** Of all series at once. */
const misfortunes: Record<string, Happens> = {
  halfOfTheDataLost: (_, minute) => (minute >= from ? { effect: 0, seen: 0.5 } : nothing),
  collectorAwayForAnHour: (_, minute) => (minute >= from && minute < from + hour ? { effect: 0, seen: 0 } : nothing),
  // What was sent within the step is dated before it or after it: nobody is seen in between.
  clockStepOfTenMinutes: (_, minute) => (minute >= from && minute < from + 10 ? { effect: 0, seen: 0 } : nothing),
}

/** @returns pages within three hours, by what happened. */
export function pagesOfMisfortunes(past: World, seed: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(misfortunes).map(([name, happens]) => {
      const fired = runTo(copyWorld(past, seed), from + 3 * hour, happens)
      return [name, fired.filter(({ record }) => record.pages).length]
    }),
  )
}

/** Of so many changes of the mix, and so many shifts of cost, of any size: how many somebody is told of. */
export function toldOfMovedTraffic(runs: number, seed: number): { mixTold: number; movedTold: number } {
  const random = chance(seed)
  let [mixTold, movedTold] = [0, 0]
  for (let run = 0; run < runs; run++) {
    mixTold += Number(isTold({ cells: { proxy: mixed(random.next), hop: [] } }))
    const ns = 3e5 + 2e6 * random.next()
    // What is left end to end is noise about nothing.
    const left = 0.25 * ns * (2 * random.next() - 1)
    const changes = [
      { segment: 'proxy.in', ns },
      { segment: 'app', ns: left - ns },
    ]
    movedTold += Number(isTold({ classes: new Map([['r', changes]]), addedNs: ns }))
  }
  return { mixTold, movedTold }
}

function isTold({ addedNs = 1e6, ...more }: Partial<Known> & { addedNs?: number }): boolean {
  const known: Known = {
    ...{
      cells: { proxy: [], hop: [] },
      viaOf: () => [],
      classesOf: () => ['proxy.in'],
      classes: new Map(),
      standing: [],
    },
    ...more,
  }
  const one = { alertId: 'a', kind: 'proxy' as const, id: 'p', metric: 'added', quantile: 0.5, addedNs, n: 1000 }
  return (
    group([{ ...one, pages: true, isTold: false, isFiring: true, startMs: 0, uncertainMs: 0 }], known).get('a')
      ?.quiet === null
  )
}

/** Two routes through a proxy, one slow: more of it come, and both are about as fast as they were. */
function mixed(random: () => number): Cell[] {
  const [fast, slow] = [1e6 * (0.5 + random()), 1e6 * (3 + 5 * random())]
  const [before, since] = [0.1 + 0.2 * random(), 0.4 + 0.4 * random()]
  const tally = (n: number, of: number) => {
    const mean = of * (1 + 0.02 * (2 * random() - 1))
    return { n, weight: n, sum: n * mean, squares: n * (mean * mean + (mean / 3) ** 2) }
  }
  const of = (route: string, ns: number, was: number, is: number): Cell => ({
    ...{ series: 'p', attributes: { proxy: 'p', route } },
    ...{ before: tally(2000 * was, ns), since: tally(1500 * is, ns) },
  })
  return [of('/fast', fast, 1 - before, 1 - since), of('/slow', slow, before, since)]
}

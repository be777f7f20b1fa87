import { parseArgs } from 'node:util'
import { pagingGate } from '../server/alerts/regression.ts'
import { chance } from '../test/chance.ts'
import { costOfMany } from './alerts/cost.ts'
import { pagesOfMisfortunes, toldOfMovedTraffic } from './alerts/no-regression.ts'
import { bad, oneVersion } from './alerts/one-version.ts'
import { day, nothing } from './alerts/traffic.ts'
import { SinceErrors } from './alerts/since.ts'
import { copyWorld, firstMinute, gates, isBeyond, minuteMs, newWorld, runTo, type Fired } from './alerts/world.ts'
import { report } from './report.ts'

/**
 * Regression alerts against made traffic whose truth is known: `--series=N` (default 400) of 100 requests a minute, their minutes' medians with
 * AR(1) noise of 7 % (phi 0.7), a daily rhythm of up to 20 %, weekends of up to 10 % more or less, bursts of a few minutes twice a day, and forty proxies that restart one
 * after the other once a day. First `--days=N` (default 14) in which nothing else happens: who is called then is called for nothing. Then `--runs=N` (default 5) for
 * each effect, of 12 series that become slower at a time: how many are found, when, and how well it is said since when. Then
 * `--versions=N` (default 200) times a bad version on 41 proxies, which is one thing to tell; and what is no regression. The rule is the built-in one.
 * `--only=cost,quiet,effects,drifts,versions,misfortunes` leaves the rest out.
 */
const { values } = parseArgs({
  options: {
    ...{ series: { type: 'string' }, days: { type: 'string' }, runs: { type: 'string' }, versions: { type: 'string' } },
    ...{ seed: { type: 'string' }, only: { type: 'string' }, json: { type: 'string' } },
  },
})
const count = Number(values.series ?? 400)
const days = Number(values.days ?? 14)
const runs = Number(values.runs ?? 5)
const versions = Number(values.versions ?? 200)
const seed = Number(values.seed ?? 1_000_003)
const parts = new Set((values.only ?? 'cost,quiet,effects,drifts,versions,misfortunes').split(','))

const guilty = 12
const round = (value: number, digits = 2) => Number(value.toFixed(digits))
const quantileOf = (some: readonly number[], q: number) => {
  const sorted = [...some].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null
}
const inForce = { q: 0.1 * pagingGate.q, effect: 0.1 * pagingGate.effect }
/** Of a life of an alert: its record may be of the next one by now. */
const pages = ({ beyond }: Fired) => isBeyond(beyond, inForce)
const gateName = ({ q, effect }: { q: number; effect: number }) => `q${q}, ${Math.round(100 * effect)} %`
const byGate = (fired: readonly Fired[], of: (beyond: Fired[]) => number) =>
  Object.fromEntries(gates.map((gate) => [gateName(gate), of(fired.filter(({ beyond }) => isBeyond(beyond, gate)))]))

function quietDays() {
  // A Saturday.
  const world = newWorld(count, seed, 3)
  const first = world.minute
  const fired: Fired[] = []
  for (let one = 1; one <= days; one++) {
    fired.push(...runTo(world, first + one * day, () => nothing))
    const byGates = Object.entries(byGate(fired, (those) => those.length)).map(([gate, n]) => `${gate}: ${n}`)
    console.error(
      `after ${one} quiet days: ${fired.filter(pages).length} false pages, ${fired.length} listed; ${byGates.join('; ')}`,
    )
  }
  const windows = fired.map(({ record }) => record.windowMs! / minuteMs)
  return {
    days,
    falsePages: fired.filter(pages).length,
    falseListed: fired.length,
    falseListedByWindow: Object.fromEntries(
      [15, 60, 120, day].map((m) => [m, windows.filter((one) => one === m).length]),
    ),
    falsePagesByGate: byGate(fired, (those) => those.length),
  }
}

/** @param after minutes in which the effect grows to its whole. */
function slower(effect: number, lookedAfter: number, after = 0) {
  const waits: Record<'told' | 'fired', number[]> = { told: [], fired: [] }
  const errors: number[] = []
  const guiltyFired: Fired[] = []
  const since = { asItFires: new SinceErrors(), atTheEnd: new SinceErrors() }
  let [wrongPages, wrongListed] = [0, 0]
  const past = newWorld(count, seed + 7)
  for (let run = 0; run < runs; run++) {
    const random = chance(seed + 31 * run)
    // At every minute between two evaluations once.
    const start = firstMinute + 10 + 5 * Math.floor(random.next() * 12) + (run % 5)
    const first = Math.floor(random.next() * (count - guilty))
    const isGuilty = (series: number) => series >= first && series < first + guilty
    const happens = (series: number, minute: number) =>
      isGuilty(series) && minute >= start
        ? { effect: Math.log(1 + effect * Math.min(1, after > 0 ? (minute - start) / after : 1)), seen: 1 }
        : nothing
    const world = copyWorld(past, seed + 100 + run)
    runTo(world, start, happens)
    const minutesOf = (series: number) => world.watched[series]!.minutes
    const fired = runTo(world, start + lookedAfter, happens, (now, at) => {
      for (const { series } of now)
        if (isGuilty(series) && at > start) since.asItFires.add(minutesOf(series), at, start)
    }).filter(({ at }) => at > start)
    for (const { series } of fired) if (isGuilty(series)) since.atTheEnd.add(minutesOf(series), world.minute, start)
    for (const one of fired) {
      const { series, at, record } = one
      if (!isGuilty(series)) {
        wrongListed++
        wrongPages += Number(pages(one))
        continue
      }
      guiltyFired.push(one)
      waits.fired.push(at - start)
      const told = world.told.get(record.id)
      if (told !== undefined) waits.told.push(told - start)
      if (record.startedMs !== null) errors.push(Math.abs(record.startedMs / minuteMs - start))
    }
  }
  const all = runs * guilty
  const [paged, listed] = [waits.told.length, waits.fired.length]
  return {
    lookedAfterMinutes: lookedAfter,
    recallPaged: round(paged / all),
    recallListed: round(listed / all),
    recallListedWithinAnHour: round(waits.fired.filter((wait) => wait <= 60).length / all),
    falseOfPaged: round(wrongPages / Math.max(1, paged + wrongPages)),
    falseOfListed: round(wrongListed / Math.max(1, listed + wrongListed)),
    minutesToFireP50: quantileOf(waits.fired, 0.5),
    minutesToFireP90: quantileOf(waits.fired, 0.9),
    minutesUntilSomebodyIsToldP50: quantileOf(waits.told, 0.5),
    minutesUntilSomebodyIsToldP90: quantileOf(waits.told, 0.9),
    ...(after === 0 && {
      sinceWithin5Minutes: round(errors.filter((error) => error <= 5).length / Math.max(1, listed)),
      sinceErrorMinutesP90: quantileOf(errors, 0.9),
      sinceByWay: { asItFires: since.asItFires.figures(), atTheEnd: since.atTheEnd.figures() },
    }),
    recallPagedByGate: byGate(guiltyFired, (those) => round(those.length / all)),
  }
}

function versionsTold() {
  const past = newWorld(count, seed + 77)
  const told = Array.from({ length: versions }, (_, run) => oneVersion(past, seed + 1000 + run))
  const share = (of: (one: (typeof told)[number]) => boolean) => round(told.filter(of).length / versions, 3)
  return {
    runs: versions,
    proxiesOfTheVersion: bad,
    oneAlert: share(({ alerts }) => alerts === 1),
    mostAlerts: Math.max(...told.map(({ alerts }) => alerts)),
    rightPredicate: share(({ isRight }) => isRight),
    intervalHoldsTheTruth: share(({ holds }) => holds),
    symptomsP50: quantileOf(
      told.map(({ symptoms }) => symptoms),
      0.5,
    ),
  }
}

const hour = 60
const wanted = <T>(part: string, of: () => T): T | 'not asked for' => (parts.has(part) ? of() : 'not asked for')
const cpu = process.cpuUsage()
const figures = {
  series: count,
  gate: pagingGate,
  cost: wanted('cost', costOfMany),
  quiet: wanted('quiet', quietDays),
  slowerBy25percent: wanted('effects', () => slower(0.25, hour)),
  slowerBy100percent: wanted('effects', () => slower(1, hour)),
  slowerBy10percent: wanted('effects', () => slower(0.1, 3 * hour)),
  drifting20percentIn2hours: wanted('drifts', () => slower(0.2, 3 * hour, 2 * hour)),
  drifting15percentInADay: wanted('drifts', () => slower(0.15, 36 * hour, 24 * hour)),
  badVersion: wanted('versions', versionsTold),
  pagesOfMisfortunes: wanted('misfortunes', () => pagesOfMisfortunes(newWorld(count, seed + 5), seed + 6)),
  movedTraffic: wanted('misfortunes', () => ({ runs: 200, ...toldOfMovedTraffic(200, seed) })),
}
const { user, system } = process.cpuUsage(cpu)
await report('alerts', {
  ...figures,
  cpuSeconds: Math.round((user + system) / 1e6),
  residentMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
})

import { parseArgs } from 'node:util'
import { applyRule, isActive, isFiring, type AlertRecord, type Book, type Evaluated } from '../server/alerts/book.ts'
import type { Cell } from '../server/alerts/cause.ts'
import { group, type Slower } from '../server/alerts/grouping.ts'
import { newMinutes, putMinute } from '../server/alerts/minutes.ts'
import { judge, shiftAt, watch, type Watched } from '../server/alerts/regression.ts'
import { AlertRuleBody, type RegressionRule } from '../server/api/contract-alert-rules.ts'
import { barOf } from '../server/alerts/rule.ts'
import { sinceWhen } from '../server/alerts/since.ts'
import { bucketKey } from '../server/statistics/histogram.ts'
import { chance, type Chance } from '../test/chance.ts'
import { report } from './report.ts'

/**
 * Regression alerts against made traffic whose truth is known: `--series=N` (default 400) of 100 requests a minute, their minutes' medians with
 * AR(1) noise of 7 % (phi 0.7), a daily rhythm of up to 20 %, and bursts of a few minutes. First `--days=N` (default 7) in which nothing happens: who is
 * called then is called for nothing. Then `--runs=N` (default 4) for each effect, of 12 series that become slower at a time: how many are found, when, and how well
 * it is said since when. Last a bad version on 41 proxies, which is one thing to tell. The rule is the built-in one.
 */
const { values } = parseArgs({
  options: {
    series: { type: 'string' },
    days: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
  },
})
const count = Number(values.series ?? 400)
const days = Number(values.days ?? 7)
const runs = Number(values.runs ?? 4)
const firstSeed = Number(values.seed ?? 1_000_003)

const day = 1440
const minuteMs = 60_000
const history = 9 * day
const step = 5
/** Minutes since 1970 at which the past begins: a midnight. */
const begin = 20_000 * day
const guilty = 12
const lookedAfter = 60
const rule = { id: 'r', body: AlertRuleBody.parse({ kind: 'regression', name: 'added', measure: 'added' }) }
const bar = barOf(rule.body as RegressionRule)

/** One series, minute after minute. */
function traffic(random: Chance) {
  const base = Math.log(1e6) + 1.5 * random.next()
  const rhythm = 0.2 * random.next()
  const phase = random.next() * 2 * Math.PI
  let noise = 0.07 * random.normal()
  let burst = 0
  let height = 0
  return (minute: number, effect: number): number => {
    noise = 0.7 * noise + 0.07 * Math.sqrt(1 - 0.49) * random.normal()
    if (burst > 0) burst--
    else if (random.next() < 2 / day)
      [burst, height] = [1 + Math.floor(4 * random.next()), Math.log(1.5 + 2 * random.next())]
    // Of 100 requests the median is a sample too.
    const sampled = 0.06 * random.normal()
    const log =
      base +
      rhythm * Math.sin((2 * Math.PI * minute) / day + phase) +
      noise +
      sampled +
      (burst > 0 ? height : 0) +
      effect
    return Math.exp(log)
  }
}

interface World {
  readonly book: Book
  /** Evaluates at a minute, and every five up to it. @returns alerts that fire since. */
  runTo(end: number, effectOf: (series: number, minute: number) => number): Fired[]
  readonly watched: readonly Watched[]
}
interface Fired {
  readonly series: number
  readonly at: number
  readonly record: AlertRecord
}

function world(seed: number): World {
  const random = chance(seed)
  const all = Array.from({ length: count }, (_, i) => ({
    next: traffic(chance(seed * 1009 + i + Math.floor(random.next() * 1e6))),
    series: watch(newMinutes()),
  }))
  const book: Book = new Map()
  let minute = begin
  const put = (to: number, effectOf: (series: number, minute: number) => number) => {
    for (; minute < to; minute++)
      all.forEach(({ next, series }, i) =>
        putMinute(series.minutes, minute, bucketKey(Math.round(next(minute, effectOf(i, minute)))), 100),
      )
  }
  put(begin + history, () => 0)
  return {
    book,
    watched: all.map(({ series }) => series),
    runTo(end, effectOf) {
      const fired: Fired[] = []
      while (minute + step <= end) {
        put(minute + step, effectOf)
        const family = all.map(({ series }, i) => {
          const record = book.get(`r-${i}`)
          const active = record !== undefined && isActive(record)
          const pin = active ? Math.floor((record.startedMs ?? record.state.sinceMs) / minuteMs) : Infinity
          if (active) series.incidents.push({ from: pin - 1, to: minute })
          const reference = active ? { pin, kept: record.baseline ?? [] } : {}
          return { series, shift: shiftAt(series, minute, reference), isActive: active }
        })
        const evaluated = judge(family, bar).map(({ finding, pages }, i): Evaluated => {
          const { shift } = family[i]!
          const series = { kind: 'proxy', id: String(i), name: String(i), fidelity: 'exact' } as const
          return {
            series,
            finding,
            pages,
            value: shift?.nowNs ?? null,
            n: shift?.n ?? 0,
            ...(shift && { before: shift.beforeNs, baseline: shift.baseline }),
          }
        })
        const { changes } = applyRule(book, [...book.values()], rule, evaluated, {
          atMs: minute * minuteMs,
          intervalMs: step * minuteMs,
          idOf: (id, one) => `${id}-${one.id}`,
        })
        for (const { alertId, what } of changes) {
          const record = book.get(alertId)!
          const since =
            what === 'pending' || what === 'firing'
              ? sinceWhen(all[Number(record.series.id)]!.series.minutes, minute)
              : null
          if (since !== null && since * minuteMs >= record.state.sinceMs - 180 * minuteMs)
            record.startedMs = since * minuteMs
          if (what === 'firing' && record.firedMs === minute * minuteMs)
            fired.push({ series: Number(record.series.id), at: minute, record })
        }
      }
      return fired
    },
  }
}

const quantileOf = (sorted: readonly number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null
const round = (value: number, digits = 2) => Number(value.toFixed(digits))

function quietDays() {
  const one = world(firstSeed)
  const fired = one.runTo(begin + history + days * day, () => 0)
  return { quietDays: days, falsePages: fired.filter(({ record }) => record.pages).length, falseListed: fired.length }
}

function slower(effect: number, seed: number) {
  let [paged, listed, wrongPages, wrongListed] = [0, 0, 0, 0]
  const waits: number[] = []
  const errors: number[] = []
  for (let run = 0; run < runs; run++) {
    const one = world(seed + run)
    const random = chance(seed + 31 * run)
    const start = begin + history + 60 + Math.floor(random.next() * 600)
    const effectOf = (series: number, minute: number) => (series < guilty && minute >= start ? Math.log(1 + effect) : 0)
    one.runTo(start, effectOf)
    const fired = one.runTo(start + lookedAfter, effectOf).filter(({ at }) => at > start)
    for (const { series, at, record } of fired) {
      if (series >= guilty) {
        wrongListed++
        wrongPages += Number(record.pages)
        continue
      }
      listed++
      if (!record.pages) continue
      paged++
      waits.push(at - start)
      if (record.startedMs !== null) errors.push(Math.abs(record.startedMs / minuteMs - start))
    }
  }
  const all = runs * guilty
  waits.sort((a, b) => a - b)
  errors.sort((a, b) => a - b)
  return {
    recallPaged: round(paged / all),
    recallListed: round(listed / all),
    falseOfPaged: round(wrongPages / Math.max(1, paged + wrongPages)),
    falseOfListed: round(wrongListed / Math.max(1, listed + wrongListed)),
    minutesToFireP50: quantileOf(waits, 0.5),
    minutesToFireP90: quantileOf(waits, 0.9),
    sinceErrorMinutesP50: quantileOf(errors, 0.5),
    sinceErrorMinutesP90: quantileOf(errors, 0.9),
  }
}

/** A bad version on 41 of the proxies, which fire when they do: how many leads there are. */
function oneVersion() {
  const one = world(firstSeed + 77)
  const start = begin + history + 60
  const bad = 41
  const fired = one.runTo(start + lookedAfter, (series, minute) =>
    series < bad && minute >= start ? Math.log(1.4) : 0,
  )
  const told = new Set<string>()
  for (const at of [...new Set(fired.map((each) => each.at))].sort((a, b) => a - b)) {
    const open = [...one.book.values()].filter(
      (record) => record.firedMs !== null && record.firedMs <= at * minuteMs && isFiring(record),
    )
    const slow = open.map((record): Slower => ({
      ...{ alertId: record.id, kind: 'proxy', id: record.series.id, metric: 'added', quantile: 0.5, n: record.n },
      ...{ addedNs: record.value! - record.before!, isTold: told.has(record.id), isFiring: true },
    }))
    const cells = Array.from({ length: bad + 30 }, (_, i) => cellsOf(i, i < bad)).flat()
    const placed = group(slow, {
      cells: { proxy: cells, hop: [] },
      viaOf: () => [],
      classesOf: () => [],
      classes: new Map(),
    })
    for (const [id, { partOf, quiet }] of placed) if (partOf === null && quiet === null) told.add(id)
  }
  return { proxiesOfTheVersion: bad, ofThemFired: fired.filter(({ series }) => series < bad).length, told: told.size }
}

function cellsOf(series: number, isBad: boolean): Cell[] {
  const mean = 1e6 * (1 + (series % 7) / 3)
  const tally = (n: number, of: number) => ({ n, weight: n, sum: n * of, squares: n * (of * of + (of / 3) ** 2) })
  const attributes = (version: string) => ({
    proxy: String(series),
    version,
    node: `n${series % 5}`,
    route: series % 3 === 0 ? '/a' : '/b',
  })
  const none = tally(0, 0)
  if (!isBad)
    return [
      { series: String(series), attributes: attributes('1.28'), before: tally(400, mean), since: tally(400, mean) },
    ]
  return [
    { series: String(series), attributes: attributes('1.28'), before: tally(400, mean), since: none },
    { series: String(series), attributes: attributes('1.29'), before: none, since: tally(400, mean * 1.4) },
  ]
}

const cpu = process.cpuUsage()
const named = (prefix: string, of: Record<string, number | null>) =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [`${prefix}${name}`, value]))
const figures = {
  series: count,
  ...quietDays(),
  ...named('at25percent.', slower(0.25, firstSeed + 100)),
  ...named('at10percent.', slower(0.1, firstSeed + 200)),
  ...named('badVersion.', oneVersion()),
}
const { user, system } = process.cpuUsage(cpu)
await report('alerts', {
  ...figures,
  cpuSeconds: Math.round((user + system) / 1e6),
  residentMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
})

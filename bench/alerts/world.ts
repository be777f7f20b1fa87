import { AlertRuleBody, type RegressionRule } from '../../server/api/contract-alert-rules.ts'
import { applyRule, isActive, isFiring, type AlertRecord, type Book, type Evaluated } from '../../server/alerts/book.ts'
import { advance, newMinutes, putMinute } from '../../server/alerts/minutes.ts'
import { judge, type Judged } from '../../server/alerts/regression.ts'
import { barOf } from '../../server/alerts/rule.ts'
import { sinceWhen } from '../../server/alerts/since.ts'
import { shiftsAt, watch, type Watched } from '../../server/alerts/windows.ts'
import { copyTraffic, day, minuteOf, newTraffic, nothing, type Happening, type Traffic } from './traffic.ts'

/** Series with a past, and the built-in rule over them: what the process does at a tick, without ClickHouse. */

export const minuteMs = 60_000
export const step = 5
const history = 9 * day
/** Minutes since 1970: a midnight of a Monday, so that the first day is a Wednesday. */
const begin = 20_003 * day
export const firstMinute = begin + history
export const rule = { id: 'r', body: AlertRuleBody.parse({ kind: 'regression', name: 'added', measure: 'added' }) }
const bar = barOf(rule.body as RegressionRule)

export interface Fired {
  readonly series: number
  readonly at: number
  readonly record: AlertRecord
  /** At which gates it would page, over its life; grows while it lasts: see {@link gates}. */
  readonly beyond: { q: number; ratio: number }[]
}

export interface World {
  readonly book: Book
  readonly watched: readonly Watched[]
  readonly traffic: Traffic
  minute: number
  readonly beyond: Map<string, { q: number; ratio: number }[]>
  /** The minute at which somebody is told of an alert that is there, by its id: it fires, and is beyond the gate. */
  readonly told: Map<string, number>
}

/** Nine days in which nothing happened but what always does. @param later so many days later than {@link firstMinute}. */
export function newWorld(count: number, seed: number, later = 0): World {
  const traffic = newTraffic(count, seed)
  const watched = traffic.series.map(() => watch(newMinutes()))
  const world = { book: new Map(), watched, traffic, minute: begin + later * day, beyond: new Map(), told: new Map() }
  put(world, firstMinute + later * day, () => nothing)
  return world
}

/** The same up to now, to go on otherwise. */
export const copyWorld = (world: World, seed: number): World => ({
  ...{ ...world, book: structuredClone(world.book), beyond: structuredClone(world.beyond), told: new Map(world.told) },
  watched: world.watched.map(({ minutes, pasts, incidents }) => ({
    minutes: { ...minutes, keys: minutes.keys.slice(), counts: minutes.counts.slice() },
    pasts: pasts.map((past) => ({ ...past, placebos: past.placebos.slice() })),
    incidents: incidents.map((one) => ({ ...one })),
  })),
  traffic: copyTraffic(world.traffic, seed),
})

type Happens = (series: number, minute: number) => Happening

function put(world: World, to: number, happens: Happens): void {
  for (; world.minute < to; world.minute++)
    minuteOf(world.traffic, world.minute, happens, (i, key, n) =>
      putMinute(world.watched[i]!.minutes, world.minute, key, n),
    )
}

/** Evaluates up to a minute, every five. @param after each evaluation. @param around what an evaluation is done by. @returns alerts that fire since. */
export function runTo(
  world: World,
  end: number,
  happens: Happens,
  after?: (fired: Fired[], at: number) => void,
  around = (evaluation: () => void) => evaluation(),
): Fired[] {
  const all: Fired[] = []
  while (world.minute + step <= end) {
    put(world, world.minute + step, happens)
    let fired: Fired[] = []
    around(() => (fired = evaluate(world)))
    all.push(...fired)
    after?.(fired, world.minute)
  }
  return all
}

export function evaluate(world: World): Fired[] {
  const { book, watched, minute, beyond, told } = world
  const family = watched.map((series, i) => {
    const record = book.get(`r-${i}`)
    const active = record !== undefined && isActive(record)
    const pin = active ? Math.floor((record.startedMs ?? record.state.sinceMs) / minuteMs) : Infinity
    advance(series.minutes, minute)
    if (active) series.incidents.push({ from: pin - 1, to: minute })
    return {
      series,
      shifts: shiftsAt(series, minute, active ? { pin, kept: record.baseline ?? [] } : {}),
      isActive: active,
    }
  })
  const judged = judge(family, bar)
  const evaluated = judged.map(evaluatedOf)
  const { changes } = applyRule(book, [...book.values()], rule, evaluated, {
    atMs: minute * minuteMs,
    intervalMs: step * minuteMs,
    idOf: (id, one) => `${id}-${one.id}`,
  })
  judged.forEach((one, i) => {
    const record = book.get(`r-${i}`)
    if (!record || !isActive(record)) beyond.delete(`r-${i}`)
    else if (one.beyond.length > 0) {
      const known = beyond.get(`r-${i}`)
      if (known) known.push(...one.beyond)
      else beyond.set(`r-${i}`, [...one.beyond])
    }
    if (record && isFiring(record) && record.pages && !told.has(record.id)) told.set(record.id, minute)
    if (record && !isActive(record)) told.delete(record.id)
  })
  const fired: Fired[] = []
  const begun = new Set(changes.filter(({ what }) => what === 'pending' || what === 'firing').map((one) => one.alertId))
  for (const record of book.values()) {
    const isNew = record.state.phase === 'firing' && minute - record.firedMs! / minuteMs <= 60
    if (!begun.has(record.id) && !isNew) continue
    const window = record.windowMs! / minuteMs
    const since = sinceWhen(watched[Number(record.series.id)]!.minutes, minute, window)
    if (since !== null && since * minuteMs >= record.state.sinceMs - (180 + window) * minuteMs)
      record.startedMs = since * minuteMs
  }
  for (const { alertId, what } of changes) {
    const record = book.get(alertId)!
    if (what === 'firing' && record.firedMs === minute * minuteMs)
      fired.push({ series: Number(record.series.id), at: minute, record, beyond: beyond.get(alertId)! })
  }
  return fired
}

function evaluatedOf({ finding, pages, shift, steady }: Judged, i: number): Evaluated {
  return {
    series: { kind: 'proxy', id: String(i), name: String(i), fidelity: 'exact' },
    ...{ finding, pages, value: shift?.nowNs ?? null, n: shift?.n ?? 0, steadyMs: steady * minuteMs },
    ...(shift && { before: shift.beforeNs, baseline: shift.baseline, windowMs: shift.scale.minutes * minuteMs }),
  }
}

/** Gates that are held against each other: the share of false discoveries, and the least effect. */
export const gates = [0.01, 0.003, 0.001, 0.0001, 0.00003, 0.00001].flatMap((q) =>
  [0.1, 0.15, 0.2].map((effect) => ({ q, effect })),
)
export const isBeyond = (beyond: Fired['beyond'], gate: { q: number; effect: number }): boolean =>
  beyond.some(({ q, ratio }) => q <= gate.q && ratio >= gate.effect)

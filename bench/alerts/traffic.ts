import { chance, type Chance } from '../../test/chance.ts'

/** Made traffic of many series, minute after minute: what alerts are measured against, as its truth is known. */

export const day = 1440

/** What happens to a series at a minute. */
export interface Happening {
  /** Of the logarithm. */
  readonly effect: number
  /** Part of the requests that are seen: 0 is none. */
  readonly seen: number
}
export const nothing: Happening = { effect: 0, seen: 1 }

interface Series {
  readonly base: number
  readonly rhythm: number
  readonly phase: number
  readonly weekend: number
  noise: number
  burst: number
  height: number
}

export interface Traffic {
  readonly series: readonly Series[]
  chance: Chance
  /** The group that is restarted today, and from which minute on. */
  restarts: { day: number; first: number; from: number }
}

/** Normal numbers to draw from: to compute each anew would be half of what a run takes. */
const normals = (() => {
  const { normal } = chance(4_321)
  return Float64Array.from({ length: 65_536 }, normal)
})()
const normal = (random: Chance): number => normals[(random.next() * normals.length) | 0]!

/** AR(1) noise of 7 %, phi 0.7 (algorithms.md section 8.1). */
const phi = 0.7
const noise = 0.07
/** Of 100 requests the median is a sample too. */
const sampling = 0.06
/** So many are restarted one after the other, once a day. */
const rolling = 40

export function newTraffic(count: number, seed: number): Traffic {
  const random = chance(seed)
  const series = Array.from({ length: count }, () => ({
    base: Math.log(1e6) + 1.5 * random.next(),
    rhythm: 0.2 * random.next(),
    phase: random.next() * 2 * Math.PI,
    weekend: 0.1 * (2 * random.next() - 1),
    noise: noise * random.normal(),
    ...{ burst: 0, height: 0 },
  }))
  return { series, chance: random, restarts: { day: -1, first: 0, from: 0 } }
}

/** The same at this moment, to go on otherwise. */
export const copyTraffic = ({ series, restarts }: Traffic, seed: number): Traffic => ({
  series: series.map((one) => ({ ...one })),
  chance: chance(seed),
  restarts: { ...restarts },
})

/** Once a day one proxy after the other of a group restarts: a minute of silence, then three in which caches are cold. */
function restarting(traffic: Traffic, minute: number): (series: number) => 'no' | 'silent' | 'cold' {
  const today = Math.floor(minute / day)
  if (traffic.restarts.day !== today) {
    const first = Math.floor(traffic.chance.next() * Math.max(1, traffic.series.length - rolling))
    traffic.restarts = {
      day: today,
      first,
      from: today * day + Math.floor(traffic.chance.next() * (day - 4 * rolling)),
    }
  }
  const { first, from } = traffic.restarts
  return (series) => {
    const since = minute - from - 2 * (series - first)
    if (series < first || series >= first + rolling || since < 0 || since > 3) return 'no'
    return since === 0 ? 'silent' : 'cold'
  }
}

/** The median of a minute of a series as a bucket key, and its requests: 0 and 0 of a silent one. */
export function minuteOf(
  traffic: Traffic,
  minute: number,
  happens: (series: number, minute: number) => Happening,
  take: (series: number, key: number, n: number) => void,
): void {
  const { chance: random } = traffic
  const restart = restarting(traffic, minute)
  // Of the week as it is since 1970, a Thursday.
  const isWeekend = (Math.floor(minute / day) + 4) % 7 === 0 || (Math.floor(minute / day) + 4) % 7 === 6
  const angle = (2 * Math.PI * minute) / day
  const share = noise * Math.sqrt(1 - phi * phi)
  traffic.series.forEach((one, i) => {
    one.noise = phi * one.noise + share * normal(random)
    if (one.burst > 0) one.burst--
    else if (random.next() < 2 / day) {
      one.burst = 1 + Math.floor(4 * random.next())
      one.height = Math.log(1.5 + 2 * random.next())
    }
    const { effect, seen } = happens(i, minute)
    const state = restart(i)
    if (seen === 0 || state === 'silent') return take(i, 0, 0)
    const sampled = (sampling / Math.sqrt(seen)) * normal(random)
    const log =
      one.base +
      one.rhythm * Math.sin(angle + one.phase) +
      (isWeekend ? one.weekend : 0) +
      one.noise +
      sampled +
      (one.burst > 0 ? one.height : 0) +
      (state === 'cold' ? 0.5 : 0) +
      effect
    // The bucket of what this is the logarithm of.
    take(i, 1 + Math.floor((32 / Math.LN2) * log), Math.round(100 * seen))
  })
}

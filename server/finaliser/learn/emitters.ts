import { slotOf, slots } from '../slots.ts'
import { windowOf } from './windows.ts'
import type { EmitterHabits, EmitterRow } from '../../analysis/learned/emitters.ts'
import { pairKeys } from '../../analysis/learned/pair-keys.ts'
import type { TraceAnalysis } from '../../analysis/types.ts'
import { bucketKey, quantile, type Histogram } from '../../statistics/histogram.ts'

export interface EmitterLearner {
  /** What was told before this learner came to life, so that it can be taken back. */
  remember(rows: readonly EmitterRow[]): void
  watch(trace: Pick<TraceAnalysis, 'spans' | 'lateEnds' | 'baseUnixNano'>): void
  /** Habits that are not those that were told last. */
  learn(job: bigint): EmitterRow[]
}

interface Habit {
  readonly service: string
  readonly scope: string
  /** Unix ms: of the hour that is looked at. */
  hourMs: number
  n: number
  /** Some start, or duration, is off the grid. */
  offStarts: boolean
  offDurations: boolean
  /** Some duration was not 0. */
  lasted: boolean
  readonly late: Map<number, number>
  lateCount: number
  told: string
  fresh: boolean
}

const gridNs = 1_000_000
const hourMs = 60 * 60_000
const mostHabits = 20_000
/** So many spans lie on a grid because of their clock, not because somebody made them up. */
const leastSpans = 500
const leastLate = 200
/** Later ends than Node's, the latest that algorithms.md 1.3 knows, are no habit. */
const mostSlack = 1_000_000

const keyOf = pairKeys()
const hourOf = (atMs: number): number => Math.floor(atMs / hourMs) * hourMs
const isOff = (ns: number): boolean => ns % gridNs !== 0

/** Learns start grids, coarse durations and late ends of applications' spans (algorithms.md 1.3), by the hour. */
export function emitterLearner(): EmitterLearner {
  const habits = new Map<string, Habit>()
  const recent = new Array<Habit | undefined>(slots).fill(undefined)
  const habitOf = (service: string, scope: string, hour: number): Habit | undefined => {
    const slot = slotOf(service)
    const last = recent[slot]
    if (last !== undefined && last.service === service && last.scope === scope && last.hourMs === hour) return last
    return (recent[slot] = lookUp(service, scope, hour))
  }
  const lookUp = (service: string, scope: string, hour: number): Habit | undefined => {
    const key = keyOf(service, scope)
    let habit = habits.get(key)
    if (!habit) {
      if (habits.size >= mostHabits) return undefined
      habits.set(key, (habit = { service, scope, ...blank(hour), told: textOf({ grid: 0, coarse: 0, slack: null }) }))
    } else if (habit.hourMs !== hour) Object.assign(habit, blank(hour))
    return habit
  }
  return {
    remember(rows) {
      for (const { service, scope, fromMs, ...habit } of rows) {
        const known = lookUp(service, scope, hourOf(fromMs))
        if (known) known.told = textOf(habit)
      }
    },
    watch({ spans, lateEnds, baseUnixNano }) {
      const hour = hourOf(Number(baseUnixNano / 1_000_000n))
      const baseRest = Number(baseUnixNano % 1_000_000n)
      for (const { proxyFamily, service, input } of spans) {
        if (proxyFamily !== '' || input.duration < 0) continue
        const habit = habitOf(service, input.scope.name, hour)
        if (!habit) continue
        habit.n++
        habit.offStarts ||= isOff(baseRest + input.start)
        habit.offDurations ||= isOff(input.duration)
        habit.lasted ||= input.duration > 0
        habit.fresh = true
      }
      for (const { service, scope, ns } of lateEnds) {
        const habit = habitOf(service, scope, hour)
        if (!habit) continue
        habit.lateCount++
        const bucket = bucketKey(Math.max(0, ns))
        habit.late.set(bucket, (habit.late.get(bucket) ?? 0) + 1)
      }
    },
    learn(job) {
      const rows: EmitterRow[] = []
      for (const habit of habits.values()) {
        if (!habit.fresh || habit.n < leastSpans) continue
        habit.fresh = false
        const { service, scope, n } = habit
        const now = habitsOf(habit)
        const text = textOf(now)
        if (text === habit.told) continue
        habit.told = text
        const fromMs = windowOf(habit.hourMs)
        rows.push({ windowMs: fromMs, job, fromMs, service, scope, n, ...now })
      }
      return rows
    },
  }
}

/** Equal where a new row would say nothing new. */
const textOf = ({ grid, coarse, slack }: EmitterHabits): string =>
  `${grid} ${coarse} ${slack === null ? 'null' : bucketKey(slack)}`

const blank = (hour: number) => ({
  hourMs: hour,
  n: 0,
  offStarts: false,
  offDurations: false,
  lasted: false,
  late: new Map<number, number>(),
  lateCount: 0,
  fresh: false,
})

function habitsOf({ offStarts, offDurations, lasted, late, lateCount }: Habit): EmitterHabits {
  return {
    grid: offStarts ? 0 : gridNs,
    coarse: !offDurations && lasted ? gridNs : 0,
    slack: lateCount < leastLate ? null : Math.min(mostSlack, Math.round(quantile(histogramOf(late), 0.99)!)),
  }
}

function histogramOf(counts: ReadonlyMap<number, number>): Histogram {
  const sorted = [...counts].sort(([a], [b]) => a - b)
  return { keys: sorted.map(([key]) => key), counts: sorted.map(([, n]) => n) }
}

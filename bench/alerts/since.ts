import type { MinuteSeries } from '../../server/alerts/minutes.ts'
import { changeOf, recentOf, stepOf, usualOf } from '../../server/alerts/since.ts'
import { changePoints } from '../../server/statistics/change-point.ts'

/** Ways to say since when a series is slower, held against each other on the same series. */
type Way = (minutes: MinuteSeries, end: number) => number | null

const usual = (minutes: MinuteSeries, end: number) => usualOf(minutes, end)
const squares: Way = (minutes, end) => stepOf(minutes, end, usual(minutes, end))
const energy: Way = (minutes, end) => changeOf(minutes, end, usual(minutes, end))
const energyOfMinutes: Way = (minutes, end) => {
  const { at, values } = recentOf(minutes, end, usual(minutes, end))
  const last = changePoints(values).findLast(({ before, after }) => after > before)
  return last ? at[last.at]! : null
}

export const ways: Readonly<Record<string, Way>> = {
  leastSquaresOfMinutes: squares,
  eDivisiveOfFiveMinutesOfADay: energy,
  eDivisiveOfFiveMinutesElseLeastSquares: (minutes, end) => energy(minutes, end) ?? squares(minutes, end),
  eDivisiveOfMinutesOfThreeHours: energyOfMinutes,
}

/** Errors in minutes by way; what finds nothing is Infinity. */
export class SinceErrors {
  private readonly errors: Record<string, number[]> = {}

  add(minutes: MinuteSeries, end: number, truth: number): void {
    for (const [name, way] of Object.entries(ways)) {
      const found = way(minutes, end)
      ;(this.errors[name] ??= []).push(found === null ? Infinity : Math.abs(found - truth))
    }
  }

  /** The share that is within five minutes, and of those that find something the median. */
  figures(): Record<string, { within5Minutes: number; found: number; p50: number | null }> {
    return Object.fromEntries(
      Object.entries(this.errors).map(([name, errors]) => {
        const found = errors.filter((one) => one < Infinity).sort((a, b) => a - b)
        const share = (n: number) => Number((n / errors.length).toFixed(3))
        return [
          name,
          {
            within5Minutes: share(found.filter((one) => one <= 5).length),
            found: share(found.length),
            p50: found[found.length >> 1] ?? null,
          },
        ]
      }),
    )
  }
}

import { parseArgs } from 'node:util'
import { compareCohorts, isDistinguishable } from '../server/statistics/compare.ts'
import { chance } from '../test/chance.ts'
import { madeCohort } from '../test/cohorts.ts'
import { report } from './report.ts'

/**
 * Pairs of generated cohorts of known difference (`--runs=N` a row, default 400; `--minutes=60` or `240`, `--noise=0.07`, `--effect=0` alone): minutes that waver together (AR(1), phi 0.7), unequal
 * load, the same mix of strata or another. Says how often the 95 % interval of the shift and of quantiles held the truth, and what the
 * verdict was.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    minutes: { type: 'string' },
    noise: { type: 'string' },
    effect: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
  },
})
const runs = Number(values.runs ?? 400)
const seed = Number(values.seed ?? 70_000)
const same = [0.6, 0.3, 0.1]
const quantiles = [0.5, 0.95, 0.99]
const isAsked = (asked: string | undefined, value: number) => asked === undefined || Number(asked) === value

const rows = []
for (const minutes of [60, 240].filter((one) => isAsked(values.minutes, one)))
  for (const noise of [0, 0.07, 0.15].filter((one) => isAsked(values.noise, one)))
    for (const [effect, mix] of [
      [0, same],
      [0.02, same],
      [0.05, same],
      [0.2, same],
      [0, [0.3, 0.3, 0.4]],
      [0.05, [0.3, 0.3, 0.4]],
    ] as const) {
      if (!isAsked(values.effect, effect)) continue
      rows.push(measure(minutes, noise, effect, mix))
      // A row takes its while.
      console.error(JSON.stringify(rows.at(-1)))
    }
console.table(rows)
await report('compare', { runs, seed, rows })

function measure(minutes: number, noise: number, effect: number, mix: readonly number[]) {
  const held = { shift: 0, p50: 0, p95: 0, p99: 0 }
  const verdicts = { a_faster: 0, b_faster: 0, not_distinguishable: 0, not_comparable: 0 }
  let mixCalledChange = 0
  let halfWidth = 0
  const began = process.cpuUsage()
  for (let run = 0; run < runs; run++) {
    const random = chance(seed + run * 7919 + minutes + Math.round(1000 * (noise + 10 * effect)))
    const a = madeCohort({ minutes, rate: 100, mix: same, ratio: 1, noise }, random)
    const b = madeCohort({ minutes, rate: 250, mix, ratio: 1 + effect, noise }, random)
    const { adjusted, verdict } = compareCohorts(a, b, quantiles, random.next)
    verdicts[verdict]++
    const { shift } = adjusted!
    const truth = Math.log(1 + effect)
    held.shift += Number(shift.lo <= truth && truth <= shift.hi)
    halfWidth += (shift.hi - shift.lo) / 2
    adjusted!.quantiles.forEach(({ a: before, difference }, i) => {
      const ns = before * effect
      held[(['p50', 'p95', 'p99'] as const)[i]!] += Number(difference.lo <= ns && ns <= difference.hi)
    })
    if (effect === 0 && mix !== same) mixCalledChange += Number(isDistinguishable(shift))
  }
  const share = (count: number) => Math.round((1000 * count) / runs) / 10
  const { user, system } = process.cpuUsage(began)
  return {
    minutes,
    noise,
    effect,
    mix: mix === same ? 'same' : 'other',
    'shift held %': share(held.shift),
    'p50 held %': share(held.p50),
    'p95 held %': share(held.p95),
    'p99 held %': share(held.p99),
    'a faster %': share(verdicts.a_faster),
    'b faster %': share(verdicts.b_faster),
    'not distinguishable %': share(verdicts.not_distinguishable),
    'interval ± %': Math.round((1000 * halfWidth) / runs) / 10,
    'ms CPU': Math.round((user + system) / 1000 / runs),
    ...(mix !== same && effect === 0 && { mixCalledChange: share(mixCalledChange) }),
  }
}

/** What is left of budgets, in words. */
import type { Budget } from '../../../server/api/contract-budgets.ts'
import { duration } from '../format/duration.ts'
import { signOf } from '../format/figure.ts'
import { percent } from '../format/number.ts'
import { shortSpan } from '../format/time.ts'
import { measures, type Look } from './words.ts'

/** `99 % of added time within 20 ms over 30 d`. */
export const objectiveOf = ({ share, measure, valueNs, windowMs }: Budget): string =>
  `${percent(share)} of ${measures[measure]} within ${duration(valueNs)} over ${shortSpan(windowMs)}`

/** `62 % left`, `overspent by 140 %`; with the sign of its level. Down: what is left of a thousandth is not nothing. */
export function leftOf({ left, series }: Budget): string {
  if (left === null) return 'too few requests'
  const sign = signOf[series.fidelity]
  const share = percent(Math.abs(left), Math.abs(left) < 0.1 ? 1 : 0)
  return `${sign && `${sign} `}${left < 0 ? `overspent by ${share}` : `${share} left`}`
}

/** `0.4 × in 1 h, 0.2 × in 6 h`. */
export const burnsOf = ({ burnRates }: Budget): string =>
  burnRates
    .map(({ longMs, long }) => `${long === null ? '–' : `${long.toFixed(1)} ×`} in ${shortSpan(longMs)}`)
    .join(', ')

/** Beyond which it fires: `14.4 × in 1 h and 5 min`. */
export const limitsOfBurn = ({ burnRates }: Budget): string =>
  burnRates
    .map(({ rate, longMs, shortMs }) => `${rate} × in ${shortSpan(longMs)} and ${shortSpan(shortMs)}`)
    .join(', or ')

export const lookOf: Readonly<Record<Budget['state'], { look: Look; text: string; means: string }>> = {
  burning: { look: 'firing', text: 'Burning', means: 'It is spent too fast, over a long and a short window both.' },
  slowing: { look: 'pending', text: 'Slowing', means: 'It was spent too fast over a long window, and no longer is.' },
  within: { look: 'ok', text: 'Within', means: 'It is not spent too fast.' },
  unknown: { look: 'noData', text: 'No data', means: 'Too few requests to say how fast it is spent.' },
}

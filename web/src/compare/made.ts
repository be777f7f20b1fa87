/** How a number of a comparison was made. */
import type { ComparedDifference, Comparison } from '../../../server/api/contract-compare.ts'
import type { MadeOf } from '../components/Made.svelte'
import { change } from '../format/duration.ts'
import { count, percent } from '../format/number.ts'
import { reasonInWords } from '../format/reasons.ts'
import { basisOf } from './words.ts'

/** @param facts of the number itself: its interval. */
export const madeIn = (comparison: Comparison, facts: MadeOf['facts']): MadeOf => ({
  method: `${comparison.method} ${basisOf(comparison)}`,
  sql: comparison.sql,
  facts: [
    ...(['a', 'b'] as const).map((side) => {
      const { n, requests, coverage, fidelity } = comparison[side]
      return {
        term: `n of ${side.toUpperCase()}`,
        value: `${count(n)} of ${count(requests)} requests, ${fidelity}, ${percent(coverage)} known`,
      }
    }),
    ...facts,
  ],
})

/** Of a number that has no interval of its own. */
export const noInterval = (why: string): MadeOf['facts'] => [{ term: 'interval', value: `none: ${why}` }]

/** Of a difference, or why there is none. */
export const differenceFacts = ({ loNs, hiNs, reasons }: ComparedDifference): MadeOf['facts'] =>
  loNs === null || hiNs === null
    ? noInterval(reasons.map(reasonInWords).join('; '))
    : [{ term: 'B − A, 95 %', value: `${change(loNs)} … ${change(hiNs)}` }]

export const ratioFacts = ({ lo, hi }: { lo: number; hi: number }): MadeOf['facts'] => [
  { term: 'B / A, 95 %', value: `${lo.toFixed(3)} … ${hi.toFixed(3)}` },
]

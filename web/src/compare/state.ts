/** What of Compare is in its address: two filters, their windows, and what is compared. */
import type { CompareMeasure } from '../../../server/api/contract-compare.ts'
import { choice, param, setParams } from '../url/state.svelte.ts'

export const compareMeasures: readonly [CompareMeasure, ...CompareMeasure[]] = [
  'transit',
  'added',
  'overhead',
  'endToEnd',
  'meshTax',
  'gatewayTax',
]

export interface Asked {
  /** Filters as Explore has them. */
  readonly a: string
  readonly b: string
  readonly measure: CompareMeasure
  /** A's window is as long a time before that of the page, which is B's. */
  readonly before: boolean
  readonly matchRoutes: boolean
  readonly matchLoad: boolean
}

/** Reactive. */
export const askedIn = (): Asked => ({
  a: param('a'),
  b: param('b'),
  measure: choice('measure', compareMeasures),
  before: param('time') === 'before',
  matchRoutes: param('match') !== 'none',
  matchLoad: param('load') === 'matched',
})

/** As the address has it; what is usual is left out. */
export const paramsOf = (asked: Partial<Asked>): Record<string, string | null> => ({
  ...(asked.a !== undefined && { a: asked.a || null }),
  ...(asked.b !== undefined && { b: asked.b || null }),
  ...(asked.measure !== undefined && { measure: asked.measure === 'transit' ? null : asked.measure }),
  ...(asked.before !== undefined && { time: asked.before ? 'before' : null }),
  ...(asked.matchRoutes !== undefined && { match: asked.matchRoutes ? null : 'none' }),
  ...(asked.matchLoad !== undefined && { load: asked.matchLoad ? 'matched' : null }),
})

export const ask = (changes: Partial<Asked>): void => setParams(paramsOf(changes), 'push')

/** Nobody has said yet what is to be compared: both sides are the same requests. */
export const isAsked = ({ a, b, before }: Asked): boolean => a !== b || before

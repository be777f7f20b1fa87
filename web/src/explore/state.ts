/** What of Explore is in its address. */
import type { ExploreMeasure } from '../../../server/api/contract-explore.ts'
import type { Query } from '../api/get.ts'
import { choice, param, setParams } from '../url/state.svelte.ts'
import { withTerm, type Term } from './filter.ts'
import { measureNames } from './words.ts'

export const tabs = ['differences', 'requests', 'groups', 'live'] as const
export type Tab = (typeof tabs)[number]

/** Unix ms and ns; null: no edge. */
export interface Box {
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly minNs: number | null
  readonly maxNs: number | null
}

const whole = (key: string): number | null => (/^\d{1,15}$/.test(param(key)) ? Number(param(key)) : null)

/** Reactive; undefined: nobody selected. */
export function boxIn(): Box | undefined {
  const box = { fromMs: whole('selFrom'), toMs: whole('selTo'), minNs: whole('selMinNs'), maxNs: whole('selMaxNs') }
  return Object.values(box).some((edge) => edge !== null) ? box : undefined
}

const text = (value: number | null | undefined) => (value === null || value === undefined ? null : String(value))

const paramsOf = (box: Box | undefined) => ({
  selFrom: text(box?.fromMs),
  selTo: text(box?.toMs),
  selMinNs: text(box?.minNs),
  selMaxNs: text(box?.maxNs),
})

export const setBox = (box: Box | undefined): void => setParams(paramsOf(box), 'push')

/** Under the names of the API. */
export const boxQuery = (box: Box | undefined): Query => paramsOf(box)

/** Reactive. */
export const measureIn = (): ExploreMeasure => choice('measure', measureNames as [ExploreMeasure, ...ExploreMeasure[]])
export const filterIn = (): string => param('q')
export const groupIn = (): string => param('by')

export const setFilter = (q: string): void => setParams({ q }, 'push')
export const addTerm = (term: Term): void => setFilter(withTerm(filterIn(), term))
/** Several at once, in one step of the history. */
export const addTerms = (terms: readonly Term[]): void => setFilter(terms.reduce(withTerm, filterIn()))
export const groupBy = (key: string): void => setParams({ by: key, tab: key === '' ? null : 'groups' }, 'push')

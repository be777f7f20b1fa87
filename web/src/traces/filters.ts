/** What the list of traces is narrowed to. In the URL under the names of the API, so that another screen can link to it. */
import type { Query } from '../api/get.ts'

export const filterKeys = ['service', 'q', 'minNs', 'maxNs', 'error', 'proxy', 'hop'] as const
export type FilterKey = (typeof filterKeys)[number]
export type Filters = Readonly<Record<FilterKey, string>>

export const sorts = ['start', 'duration'] as const
export type Sort = (typeof sorts)[number]

const wholeNs = /^\d{1,15}$/
const entityId = /^[0-9a-f]{16}$/

const isValid: Record<FilterKey, (value: string) => boolean> = {
  service: (value) => value.length <= 256,
  q: (value) => value.length <= 256,
  minNs: (value) => wholeNs.test(value),
  maxNs: (value) => wholeNs.test(value),
  error: (value) => value === 'true',
  proxy: (value) => entityId.test(value),
  hop: (value) => entityId.test(value),
}

/** From the URL; a value that cannot be meant is as if it were not there. */
export function filtersOf(param: (key: string) => string): Filters {
  const value = (key: FilterKey) => (isValid[key](param(key)) ? param(key) : '')
  return Object.fromEntries(filterKeys.map((key) => [key, value(key)])) as Filters
}

export function howMany(filters: Filters): number {
  return filterKeys.filter((key) => filters[key] !== '').length
}

export const noFilters: Readonly<Record<FilterKey, null>> = {
  service: null,
  q: null,
  minNs: null,
  maxNs: null,
  error: null,
  proxy: null,
  hop: null,
}

export function queryOf(filters: Filters, sort: Sort): Query {
  return { ...filters, sort: sort === 'start' ? '' : sort }
}

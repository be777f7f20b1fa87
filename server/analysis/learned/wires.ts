import type { Side } from '../types.ts'
import { pairKeys } from './pair-keys.ts'
import { timeline, type LearnedRow } from './timeline.ts'

/** D5, calibrated: what separable pairs of the hour before `fromMs` + 5 min took. */
export interface WireRow extends LearnedRow {
  /** Between two machines or two zones, in the direction of the request. */
  readonly level: 'machine' | 'zone'
  readonly from: string
  readonly to: string
  readonly n: number
  /** First percentile and median, ns. */
  readonly floor: number
  readonly median: number
}

/** ŵ, ns: median wire and wake-up time between two places at an instant (Unix ms); null: not known. */
export type WireLookup = (from: Side, to: Side, atMs: number) => number | null

const longestCarryMs = 60 * 60_000

export interface WireTable {
  add(row: WireRow): void
  readonly lookup: WireLookup
}

/** The pair of machines knows best; the pair of their zones stands in for machines that never talked. */
export function wireTable(mostPairs?: number): WireTable {
  const rows = timeline<WireRow>(mostPairs)
  const median = (level: WireRow['level'], from: string, to: string, atMs: number): number | null => {
    if (from === '' || to === '') return null
    const row = rows.at(wireKey(level, from, to), atMs)
    return row && atMs - row.fromMs <= longestCarryMs ? row.median : null
  }
  return {
    add: (row) => rows.add(wireKey(row.level, row.from, row.to), row),
    lookup: (from, to, atMs) =>
      median('machine', from.machine, to.machine, atMs) ?? median('zone', from.zone, to.zone, atMs),
  }
}

const machineKey = pairKeys('\n', 'machine\n')
const zoneKey = pairKeys('\n', 'zone\n')

export const wireKey = (level: WireRow['level'], from: string, to: string): string =>
  level === 'machine' ? machineKey(from, to) : zoneKey(from, to)

import { offsetTable, type OffsetRow } from '../clock/offsets.ts'
import type { AnalysisSettings } from '../types.ts'
import { calleeTable, type CalleeRow } from './callees.ts'
import { emitterTable, type EmitterRow } from './emitters.ts'
import { wireTable, type WireRow } from './wires.ts'

/** What many traces taught, as it is stored. */
export interface LearnedRows {
  readonly offsets: readonly OffsetRow[]
  readonly wires: readonly WireRow[]
  readonly callees: readonly CalleeRow[]
  readonly emitters: readonly EmitterRow[]
}

export const nothingLearned: LearnedRows = { offsets: [], wires: [], callees: [], emitters: [] }

export type LearnedSettings = Pick<AnalysisSettings, 'offset' | 'wire' | 'callee' | 'emitter'>

/** What the analysis of a trace looks up, from the rows that were added. */
export function learnedTables(): { add(rows: LearnedRows): void; readonly settings: LearnedSettings } {
  const offsets = offsetTable()
  const wires = wireTable()
  const callees = calleeTable()
  const emitters = emitterTable()
  return {
    add(rows) {
      rows.offsets.forEach(offsets.add)
      rows.wires.forEach(wires.add)
      rows.callees.forEach(callees.add)
      rows.emitters.forEach(emitters.add)
    },
    settings: { offset: offsets.lookup, wire: wires.lookup, callee: callees.lookup, emitter: emitters.lookup },
  }
}

/** What a chart says about one step: in the tooltip, to a screen reader, as a row of its table. */
import { duration, inUnit, type Unit } from '../format/duration.ts'
import { count } from '../format/number.ts'
import { clock, clockWithSeconds, day, type Zone } from '../format/time.ts'
import type { Area, Line } from './lines.ts'

export interface Shown {
  readonly lines: readonly Line[]
  readonly areas: readonly Area[]
  /** Values in each step; 0: nothing happened. */
  readonly counts: readonly number[]
  /** Before every value of a line: ≤ for bounds, ≈ for estimates. */
  readonly sign: string
}

export interface Reading {
  readonly name: string
  readonly text: string
  readonly area?: Area
}

/** Lines as given, areas from the topmost down with their sum last. */
export function readingsAt({ lines, areas, counts, sign }: Shown, step: number, sumName: string): Reading[] {
  const n = counts[step] ?? 0
  const said = lines.map((line) => ({ name: line.name, text: lineText(line, step, n, sign) }))
  if (n === 0 || areas.length === 0) return said
  const present = areas.filter(({ values }) => (values[step] ?? null) !== null)
  const sum = present.reduce((ns, { values }) => ns + (values[step] ?? 0), 0)
  const parts = present
    .filter(({ values }) => (values[step] ?? 0) > 0)
    .map((area) => ({ name: area.name, text: duration(area.values[step] ?? 0), area }))
  return [...said, ...parts.reverse(), { name: sumName, text: duration(sum) }]
}

function lineText({ values, needed }: Line, step: number, n: number, sign: string): string {
  const ns = values[step] ?? null
  if (ns !== null) return `${sign} ${duration(ns)}`.trim()
  if (n === 0) return 'no requests'
  return needed !== undefined && n < needed ? `n < ${count(needed)}` : 'unknown'
}

/** The same for a column that names its unit and its sign. */
export function cellText(line: Pick<Line, 'values' | 'needed'>, step: number, n: number, unit: Unit): string {
  const ns = line.values[step] ?? null
  return ns === null ? lineText({ ...line, name: '', look: 'solid' }, step, n, '') : inUnit(ns, unit)
}

/** `14:17 – 14:19`; a step of days names its day. */
export function stepInWords(startMs: number, stepMs: number, zone: Zone): string {
  const text = stepMs < 60_000 ? clockWithSeconds : clock
  if (stepMs >= 86_400_000) return day(startMs, zone)
  const date = stepMs >= 3_600_000 ? `${day(startMs, zone).slice(5)} ` : ''
  return `${date}${text(startMs, zone)} – ${text(startMs + stepMs, zone)}`
}

import { longestWindowMs, windowMs } from '../../analysis/clock/windows.ts'
import type { Callee, CalleeRow } from '../../analysis/learned/callees.ts'
import type { EdgeUse } from '../../analysis/types.ts'
import { recentWindows, windowOf, type Windows } from './windows.ts'

export interface CalleeLearner {
  add(use: EdgeUse, atMs: number): void
  /** Edges of which something else is known than before, or nothing yet in this window. */
  learn(job: bigint): CalleeRow[]
}

interface Counts {
  asked: number
  answered: number
  /** Of the answered: with spans of a further process below the callee's. */
  deep: number
  /** Since the last rows. */
  touched: boolean
}

type Sums = Omit<Counts, 'touched'>
type Window = Map<string, Counts>

const edgesPerWindow = 20_000
/** Fewer requests say nothing. */
const leastRequests = 20
/** Share of answered requests above which the callee leaves spans; between the inner two it stays what it was. */
const share = { start: 0.05, up: 0.07, down: 0.03 }
/** So many answered requests must show spans of two processes: then a loss would leave orphans, and silence is a decision. */
const leastDeep = 0.95
/** Fewer silent requests are losses. */
const leastSilent = 0.05

/** Learns which edges lead to something that leaves spans (algorithms.md section 6), from the last hour. Bounded memory. */
export function calleeLearner(): CalleeLearner {
  const windows = recentWindows<Window>(() => new Map())
  const touched = new Map<number, Set<string>>()
  /** What each edge was told to be, and in which window. The edge that was told of longest ago goes first. */
  const told = new Map<string, { callee: Callee; windowMs: number }>()
  return {
    add({ edge, answered, deep, orphans }, atMs) {
      // Whether the callee is missing or another span cannot be told beside orphans.
      if (!answered && orphans) return
      const window = windows.of(atMs)
      let counts = window.get(edge)
      if (counts === undefined) {
        if (window.size >= edgesPerWindow) return
        window.set(edge, (counts = { asked: 0, answered: 0, deep: 0, touched: false }))
      }
      counts.asked++
      counts.answered += Number(answered)
      counts.deep += Number(deep)
      if (counts.touched) return
      counts.touched = true
      const fromMs = windowOf(atMs)
      touched.set(fromMs, (touched.get(fromMs) ?? new Set()).add(edge))
    },
    learn(job) {
      const rows: CalleeRow[] = []
      for (const [fromMs, edges] of touched)
        for (const edge of edges) {
          const own = windows.peek(fromMs)?.get(edge)
          if (own) own.touched = false
          const counts = trailingHour(windows, edge, fromMs)
          if (counts.asked < leastRequests) continue
          const before = told.get(edge)
          const callee = calleeOf(counts, before?.callee)
          if (before?.callee === callee && before.windowMs >= fromMs) continue
          told.delete(edge)
          if (told.size >= edgesPerWindow) told.delete(told.keys().next().value!)
          told.set(edge, { callee, windowMs: fromMs })
          rows.push({ windowMs: fromMs, job, fromMs, edge, asked: counts.asked, answered: counts.answered, callee })
        }
      touched.clear()
      return rows
    },
  }
}

function calleeOf({ asked, answered, deep }: Sums, before: Callee | undefined): Callee {
  const least = before === undefined ? share.start : before === 'external' ? share.up : share.down
  if (answered / asked < least) return 'external'
  return deep >= leastDeep * answered && asked - answered >= leastSilent * asked ? 'sampled' : 'traced'
}

function trailingHour(windows: Windows<Window>, edge: string, fromMs: number): Sums {
  const sum = { asked: 0, answered: 0, deep: 0 }
  for (let back = 0; back < longestWindowMs; back += windowMs) {
    const counts = windows.peek(fromMs - back)?.get(edge)
    if (!counts) continue
    sum.asked += counts.asked
    sum.answered += counts.answered
    sum.deep += counts.deep
  }
  return sum
}

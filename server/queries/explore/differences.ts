import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { Differences, ExtraTime, MemberValue } from '../../api/contract-explore.ts'
import { jointOf, pairsOf, singlesOf, type Combination, type Singles } from '../../statistics/combinations.ts'
import * as explain from '../../statistics/explain.ts'
import { impliedKeys } from '../../statistics/implied.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import { windowRead } from '../rollup-window.ts'
import { readCombinations, type Combined } from './combinations.ts'
import { select, type BoxAsked } from './selection.ts'

/** Keys between which it is looked for what goes without saying: all that are told, of many combinations the most different. */
const mostImplying = (combinations: number): number => (combinations > 2_000 ? 16 : mostKeys)
/** Keys of which pairs are looked at. */
const mostPaired = 8
const mostKeys = 40
const mostValues = 20
const mostExtra = 40

/** What tells the requests in a box from the others of the window (algorithms.md section 9). @throws FilterError */
export async function readDifferences(clickhouse: ClickHouse, asked: BoxAsked, options: QueryOf): Promise<Differences> {
  const selected = await select(clickhouse, asked, { compared: true }, partOf(options, 'sides'))
  const combined = await readCombinations(clickhouse, selected, options)
  const { fidelity, selection } = selected
  const isByLatency = selection.minNs !== null || selection.maxNs !== null
  return {
    ...{ measure: asked.measure, ...windowRead(selected.window, 60_000), selection },
    ...differencesIn({ fidelity, isByLatency }, combined),
  }
}

/** @param asked.isByLatency the selection was made by the measure itself. */
export function differencesIn(
  { fidelity, isByLatency }: { fidelity: Differences['fidelity']; isByLatency: boolean },
  combined: Combined,
): Omit<Differences, 'measure' | 'from' | 'to' | 'selection'> {
  const { combinations, sides, oneOf, counted, withSpan } = combined
  const reasons = [
    ...(sides.selection.n < explain.leastCompared ? ['few_selected'] : []),
    ...(sides.baseline.n < explain.leastCompared ? ['few_others'] : []),
  ]
  const singles = singlesOf(combinations, sides)
  const different = explain.membership(singles.counted, sides)
  const hidden = impliedOf(different, singles, combinations)
  // A selection that was made by latency leaves of each value only what was fast.
  const reference = isByLatency ? 'all' : 'same'
  const isSaid = (key: string) => !hidden.has(key)
  return {
    fidelity,
    selected: sideOf(sides.selection),
    baseline: sideOf(sides.baseline),
    keys: different
      .filter(({ key }) => isSaid(key))
      .slice(0, mostKeys)
      .map((one) =>
        keyOf(
          one,
          [...hidden].flatMap(([unsaid, beside]) => (beside === one.key ? [unsaid] : [])),
        ),
      ),
    extraNs: reasons.length > 0 ? null : Math.round(explain.extraOf(sides)),
    extraTime: extraOf(combined, singles, { reference, isSaid }),
    reference,
    compared: { oneOf, counted, withSpan, keys: singles.sizes.size, dropped: [...singles.dropped] },
    reasons,
  }
}

export const keyOf = (
  { key, divergence, byChance, values }: explain.KeyDifference,
  implies: string[],
): Differences['keys'][number] => ({
  ...{ key, divergence, byChance, values: values.slice(0, mostValues).map(memberOf), implies },
})

function impliedOf(
  different: readonly explain.KeyDifference[],
  { sizes }: Singles,
  combinations: readonly Combination[],
): Map<string, string> {
  const ranked = different.slice(0, mostImplying(combinations.length)).map(({ key, values }) => ({
    ...{ key, size: sizes.get(key) ?? 0, length: explain.lengthInWords(values[0]!) },
    strength: Math.max(...values.map(({ selection, baseline }) => Math.abs(selection - baseline))),
  }))
  return impliedKeys(ranked, (a, b) => jointOf(combinations, a, b))
}

function extraOf(
  { combinations, sides }: Combined,
  { counted }: Singles,
  { reference, isSaid }: { reference: explain.Reference; isSaid: (key: string) => boolean },
): ExtraTime[] {
  const alone = explain.distinct(
    explain.extraTime(counted, sides, reference).filter(({ terms }) => isSaid(terms[0]!.key)),
  )
  const keys = [...new Set(alone.map(({ terms }) => terms[0]!.key))].slice(0, mostPaired)
  const pairs = pairsOf(
    combinations,
    alone.map(({ terms }) => terms[0]!).filter(({ key }) => keys.includes(key)),
  )
  return explain
    .distinct(explain.extraTime([...counted.filter(({ terms }) => isSaid(terms[0]!.key)), ...pairs], sides, reference))
    .slice(0, mostExtra)
    .map(({ terms, also, meanNs, referenceNs, ...rest }) => ({
      ...rest,
      ...{ terms: terms.map(termOf), also: also.slice(0, mostValues).map(termOf) },
      meanNs: Math.round(meanNs),
      referenceNs: Math.round(referenceNs),
    }))
}

const longest = 256

/** A value that was cut has one character more than what is shown. */
const termOf = ({ key, value }: explain.Term): { key: string; value: string; cut?: true } =>
  value.length > longest ? { key, value: value.slice(0, longest), cut: true } : { key, value }

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

const memberOf = ({ n, selection, baseline, risk, ...term }: explain.Membership): MemberValue => ({
  ...termOf(term),
  ...{ n, selection: Math.min(1, selection), baseline: Math.min(1, baseline) },
  risk: { ratio: finite(risk.ratio), lo: risk.lo, hi: finite(risk.hi) },
})

const sideOf = (side: explain.Side): Differences['selected'] => {
  const population = Math.round(side.weight)
  return {
    n: side.n,
    ...(population !== side.n && { population }),
    meanNs: side.n > 0 ? Math.round(explain.meanOf(side)) : null,
  }
}

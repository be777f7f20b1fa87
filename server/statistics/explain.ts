/**
 * What tells a selection of requests from the rest (algorithms.md section 9): which values of which keys are more common in it
 * (`membership`), and which of them its extra time lies in (`extraTime`). Over counts; who counts is no matter of this file.
 */
import { believed, chanceBeyond, chanceOfDifference, ratioOfShares, type Ratio } from './proportions.ts'

/** Requests with something in common, on one side. */
export interface Tally {
  /** As stored. */
  readonly n: number
  /** Of the population: the sum of their sampling weights. */
  readonly weight: number
  /** ns of the population, winsorised: sums of weight times value, and of weight times its square. */
  readonly sum: number
  readonly squares: number
}

/** All requests of one side. */
export interface Side extends Tally {
  /** So many equally weighted requests say as much (weights.ts). */
  readonly effective: number
}

export interface Sides {
  readonly selection: Side
  readonly baseline: Side
}

export interface Term {
  readonly key: string
  /** '': the key is not set. */
  readonly value: string
}

/** What one value of a key, or two values of two keys together, have on each side. */
export interface Counted {
  readonly terms: readonly Term[]
  readonly selection: Tally
  readonly baseline: Tally
}

/** A side of fewer is not compared (algorithms.md section 6, Compare). */
export const leastCompared = 30
/** Of the selection: what is rarer, or differs by less, explains nothing of it. */
const leastSupport = 0.01
/** Of the differences shown, so many may be chance. */
const falseDiscoveries = 0.05

export const meanOf = ({ sum, weight }: Tally): number => (weight > 0 ? sum / weight : 0)

export interface Membership extends Term {
  /** Requests with it, as stored. */
  readonly n: { readonly selection: number; readonly baseline: number }
  /** Of each side's population. */
  readonly selection: number
  readonly baseline: number
  /** How much likelier a request with it is selected than one without, and between what that lies, 95 %. */
  readonly risk: Ratio
}

export interface KeyDifference {
  readonly key: string
  /** Jensen-Shannon divergence of the shares of its values, bits: 0 for the same, 1 for none in common. */
  readonly divergence: number
  /** What chance alone brings about in the mean. */
  readonly byChance: number
  /** Those that differ by more than chance, largest difference first. */
  readonly values: readonly Membership[]
}

/** Keys by divergence, largest first; without one of whose values it can be said that it differs. @param singles counts of every value of every key. */
export function membership(singles: readonly Counted[], sides: Sides): KeyDifference[] {
  if (!isComparable(sides)) return []
  const tested = singles.filter(({ selection }) => selection.weight >= leastSupport * sides.selection.weight)
  const chances = tested.map((one) =>
    chanceOfDifference(
      { share: one.selection.weight / sides.selection.weight, n: sides.selection.effective },
      { share: one.baseline.weight / sides.baseline.weight, n: sides.baseline.effective },
    ),
  )
  const isBelieved = believed(chances, falseDiscoveries)
  const kept = tested
    .filter((_, i) => isBelieved[i])
    .flatMap((one) => memberOf(one, sides))
    .filter((member) => Math.abs(member.selection - member.baseline) >= leastSupport)
  return [...byKey(singles)]
    .map(([key, values]) => ({
      key,
      ...divergenceOf(values, sides),
      values: kept.filter((member) => member.key === key).sort((a, b) => differenceOf(b) - differenceOf(a)),
    }))
    .filter(({ values }) => values.length > 0)
    .sort((a, b) => b.divergence - b.byChance - (a.divergence - a.byChance) || (a.key < b.key ? -1 : 1))
}

/** In size; of a value and its opposite the one that is more common in the selection counts a little more. */
const differenceOf = ({ selection, baseline }: Membership): number =>
  Math.abs(selection - baseline) + (selection > baseline ? 1e-9 : 0)

function byKey(singles: readonly Counted[]): Map<string, Counted[]> {
  const keys = new Map<string, Counted[]>()
  for (const one of singles) {
    const { key } = one.terms[0]!
    const values = keys.get(key)
    if (values) values.push(one)
    else keys.set(key, [one])
  }
  return keys
}

export function isComparable({ selection, baseline }: Sides): boolean {
  return selection.n >= leastCompared && baseline.n >= leastCompared
}

function memberOf({ terms, selection, baseline }: Counted, sides: Sides): Membership[] {
  const withIt = selection.weight + baseline.weight
  const all = sides.selection.weight + sides.baseline.weight
  const effective = sides.selection.effective + sides.baseline.effective
  const [a, b] = [withIt, all - withIt].map((weight, i) => {
    const selected = i === 0 ? selection.weight : sides.selection.weight - selection.weight
    return { share: weight > 0 ? Math.min(1, selected / weight) : 0, n: (effective * weight) / all }
  }) as [{ share: number; n: number }, { share: number; n: number }]
  const risk = ratioOfShares(a, b)
  if (!risk) return []
  return [
    {
      ...terms[0]!,
      n: { selection: selection.n, baseline: baseline.n },
      selection: selection.weight / sides.selection.weight,
      baseline: baseline.weight / sides.baseline.weight,
      risk,
    },
  ]
}

function divergenceOf(values: readonly Counted[], sides: Sides): { divergence: number; byChance: number } {
  const shares = values.map(({ selection, baseline }) => [
    selection.weight / sides.selection.weight,
    baseline.weight / sides.baseline.weight,
  ])
  // Values beyond the most frequent are counted by nobody one by one: together they are one more.
  const rest = [0, 1].map((side) => Math.max(0, 1 - shares.reduce((sum, share) => sum + share[side]!, 0)))
  const bits = (share: number, mean: number) => (share > 0 ? (share * Math.log2(share / mean)) / 2 : 0)
  let divergence = 0
  for (const [p, q] of [...shares, rest] as [number, number][])
    divergence += bits(p, (p + q) / 2) + bits(q, (p + q) / 2)
  const { selection, baseline } = sides
  const byChance = ((shares.length - 1) * (1 / selection.effective + 1 / baseline.effective)) / (8 * Math.LN2)
  return { divergence: Math.min(1, Math.max(0, divergence)), byChance }
}

/**
 * Against what the selection is slow. `same`: requests of the baseline with the same in common, as before and after (8.6); `all`: the
 * whole baseline, where the selection was made by latency: what of a value is left over then is no measure of how slow it usually is.
 */
export type Reference = 'same' | 'all'

export interface ExtraTime {
  readonly terms: readonly Term[]
  readonly n: { readonly selection: number; readonly baseline: number }
  /** Of all requests of both sides, those with it. */
  readonly share: number
  /** EP of 8.6: the part of the selection's extra time that lies in these requests; of independent parts they add up to 1. */
  readonly explained: number
  readonly explainedLo: number
  readonly explainedHi: number
  /** explained / share */
  readonly lift: number
  /** explained x lift: what they are ranked by. */
  readonly score: number
  /** ns: mean with it in the selection, and what it is held against. */
  readonly meanNs: number
  readonly referenceNs: number
}

/** What has hardly more than its share explains nothing. */
const leastLift = 1.2
/** A pair says more than one value alone when its lift is so much higher. */
const pairsLift = 1.3

/** The mean extra time of a selected request, ns, winsorised. */
export const extraOf = ({ selection, baseline }: Sides): number => meanOf(selection) - meanOf(baseline)

/** Best first: those of which it is believed that they hold more of the extra time than their share. Empty where there is none. */
export function extraTime(candidates: readonly Counted[], sides: Sides, reference: Reference): ExtraTime[] {
  const total = extraOf(sides) * sides.selection.weight
  if (!isComparable(sides) || total === 0) return []
  const tested = candidates.filter(({ selection }) => selection.weight >= leastSupport * sides.selection.weight)
  const scored = tested.map((one) => scoreOf(one, sides, { reference, total }))
  const isBelieved = believed(
    scored.map(({ chance }) => chance),
    falseDiscoveries,
  )
  const more = scored.filter(({ found }, i) => isBelieved[i] && found.lift >= leastLift && found.explained > 0)
  const alone = new Map(
    more.flatMap(({ found }) => (found.terms.length === 1 ? [[nameOf(found.terms[0]!), found.lift]] : [])),
  )
  return more
    .map(({ found }) => found)
    .filter(({ terms, lift }) => {
      if (terms.length === 1) return true
      return lift >= pairsLift * Math.max(...terms.map((term) => alone.get(nameOf(term)) ?? 1))
    })
    .sort((a, b) => b.score - a.score || b.terms.length - a.terms.length)
}

export interface Distinct extends ExtraTime {
  /** Other values that these very requests have. */
  readonly also: readonly Term[]
}

/** How long it takes to say; what is not set says least, an attribute less than what is known of all. */
export const lengthInWords = ({ key, value }: Term): number =>
  key.length + value.length + (value === '' ? 200 : 0) + (key.includes('.') ? 50 : 0)

/** What the same requests have in common, once, under the shortest of its names. */
export function distinct(found: readonly ExtraTime[]): Distinct[] {
  const same = new Map<string, ExtraTime[]>()
  for (const one of found) {
    const requests = `${one.terms.length} ${one.n.selection} ${one.n.baseline} ${one.explained.toPrecision(12)}`
    same.set(requests, [...(same.get(requests) ?? []), one])
  }
  const lengthOf = ({ terms }: ExtraTime) => terms.reduce((sum, term) => sum + lengthInWords(term), 0)
  return [...same.values()].map((all) => {
    const [first, ...others] = all.toSorted((a, b) => lengthOf(a) - lengthOf(b))
    return { ...first!, also: first!.terms.length > 1 ? [] : others.map(({ terms }) => terms[0]!) }
  })
}

const nameOf = ({ key, value }: Term) => JSON.stringify([key, value])

function scoreOf(
  { terms, selection, baseline }: Counted,
  sides: Sides,
  { reference, total }: { reference: Reference; total: number },
): { found: ExtraTime; chance: number } {
  const overall = meanOf(sides.baseline)
  const isKnown = reference === 'same' && baseline.n >= leastCompared
  const held = isKnown ? meanOf(baseline) : overall
  const share = (selection.weight + baseline.weight) / (sides.selection.weight + sides.baseline.weight)
  const explained = (selection.weight * (meanOf(selection) - held)) / total
  // Were it no matter who has it in common, each selected request would bring its extra time to this part with chance `share`.
  const [own, all] = [spread(selection, held), spread(sides.selection, overall)]
  const sizes = sides.selection.weight / Math.max(1, sides.selection.effective)
  const below = isKnown ? (selection.weight ** 2 * variance(baseline)) / Math.max(1, baseline.n) : 0
  const deviation = Math.sqrt(sizes * ((1 - 2 * share) * own + share * share * all) + below) / Math.abs(total)
  const lift = share > 0 ? explained / share : 0
  return {
    found: {
      terms,
      n: { selection: selection.n, baseline: baseline.n },
      share,
      explained,
      explainedLo: explained - 1.96 * deviation,
      explainedHi: explained + 1.96 * deviation,
      lift,
      score: explained * lift,
      meanNs: meanOf(selection),
      referenceNs: held,
    },
    chance: deviation > 0 ? chanceBeyond((explained - share) / deviation) : 1,
  }
}

/** Sum of squares of the distances from `mean`. */
const spread = ({ squares, sum, weight }: Tally, mean: number): number =>
  Math.max(0, squares - 2 * mean * sum + mean * mean * weight)

const variance = (tally: Tally): number => (tally.weight > 0 ? spread(tally, meanOf(tally)) / tally.weight : 0)

/** From counts of whole combinations (every key of a request at once) to counts of single values and of pairs of them. */
import type { Counted, Sides, Tally, Term } from './explain.ts'
import type { Joint } from './implied.ts'

/** Requests that have all of it in common. */
export interface Combination {
  /** Values by key; a key that is not there is not set. */
  readonly words: ReadonlyMap<string, string>
  readonly selection: Tally
  readonly baseline: Tally
}

const mostValues = 1_000
/** A key of more values than this share of the requests is an id: it tells every request from every other. */
const idsFrom = 0.5

export const noTally: Tally = { n: 0, weight: 0, sum: 0, squares: 0 }

export const plus = (a: Tally, b: Tally): Tally => ({
  n: a.n + b.n,
  weight: a.weight + b.weight,
  sum: a.sum + b.sum,
  squares: a.squares + b.squares,
})

type Both = { selection: Tally; baseline: Tally }

export interface Singles {
  /** Of each key that has more than one value, at most 1,000 of them; '' where it is not set. */
  readonly counted: readonly Counted[]
  /** Values of each of these keys. */
  readonly sizes: ReadonlyMap<string, number>
  /** Keys that are ids. */
  readonly dropped: readonly string[]
}

export function singlesOf(combinations: readonly Combination[], sides: Sides): Singles {
  const keys = new Map<string, Map<string, Both>>()
  for (const { words, selection, baseline } of combinations) {
    for (const [key, value] of words) {
      let values = keys.get(key)
      if (!values) keys.set(key, (values = new Map()))
      const before = values.get(value)
      values.set(
        value,
        before
          ? { selection: plus(before.selection, selection), baseline: plus(before.baseline, baseline) }
          : { selection, baseline },
      )
    }
  }
  const all = sides.selection.n + sides.baseline.n
  const [counted, sizes, dropped]: [Counted[], Map<string, number>, string[]] = [[], new Map(), []]
  for (const [key, values] of keys) {
    const unset = without(combinations, key)
    if (unset.selection.n + unset.baseline.n > 0) {
      const said = values.get('')
      values.set(
        '',
        said
          ? { selection: plus(said.selection, unset.selection), baseline: plus(said.baseline, unset.baseline) }
          : unset,
      )
    }
    if (values.size < 2) continue
    if (values.size > idsFrom * all) {
      dropped.push(key)
      continue
    }
    sizes.set(key, values.size)
    const most = [...values].sort(([, a], [, b]) => weightOf(b) - weightOf(a)).slice(0, mostValues)
    for (const [value, both] of most) counted.push({ terms: [{ key, value }], ...both })
  }
  return { counted, sizes, dropped: dropped.sort() }
}

const weightOf = ({ selection, baseline }: Both) => selection.weight + baseline.weight

function without(combinations: readonly Combination[], key: string): Both {
  let [selection, baseline] = [noTally, noTally]
  for (const one of combinations) {
    if (one.words.has(key)) continue
    selection = plus(selection, one.selection)
    baseline = plus(baseline, one.baseline)
  }
  return { selection, baseline }
}

/** Counts of two keys. */
export function jointOf(combinations: readonly Combination[], a: string, b: string): Joint[] {
  const weights = new Map<string, Map<string, number>>()
  for (const one of combinations) {
    const [first, second] = [one.words.get(a) ?? '', one.words.get(b) ?? '']
    let of = weights.get(first)
    if (!of) weights.set(first, (of = new Map()))
    of.set(second, (of.get(second) ?? 0) + weightOf(one))
  }
  return [...weights].flatMap(([first, of]) => [...of].map(([second, weight]) => ({ a: first, b: second, weight })))
}

/** Counts of all pairs of these values, of two keys each, that occur. */
export function pairsOf(combinations: readonly Combination[], values: readonly Term[]): Counted[] {
  const wanted = new Map<string, Set<string>>()
  for (const { key, value } of values) wanted.set(key, (wanted.get(key) ?? new Set()).add(value))
  const keys = [...wanted.keys()]
  const found: Counted[] = []
  keys.forEach((a, i) => {
    for (const b of keys.slice(i + 1)) {
      const pairs = new Map<string, { terms: Term[] } & Both>()
      for (const { words, selection, baseline } of combinations) {
        const [first, second] = [words.get(a) ?? '', words.get(b) ?? '']
        if (!wanted.get(a)!.has(first) || !wanted.get(b)!.has(second)) continue
        const name = JSON.stringify([first, second])
        const before = pairs.get(name)
        pairs.set(name, {
          terms: before?.terms ?? [
            { key: a, value: first },
            { key: b, value: second },
          ],
          selection: before ? plus(before.selection, selection) : selection,
          baseline: before ? plus(before.baseline, baseline) : baseline,
        })
      }
      found.push(...pairs.values())
    }
  })
  return found
}

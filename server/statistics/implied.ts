/** Keys that say again what another key has said (algorithms.md section 9: Theil's U). */

/** How many requests have a value of one key and a value of another. */
export interface Joint {
  readonly a: string
  readonly b: string
  readonly weight: number
}

/** Theil's uncertainty coefficient U(a | b): how much of what `a` is, 0..1, is known when `b` is. 1 for an `a` of one value. */
export function certainty(joints: readonly Joint[], of: 'a' | 'b'): number {
  const by = of === 'a' ? 'b' : 'a'
  const [whole, own, given] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()]
  let total = 0
  const add = (sums: Map<string, number>, key: string, weight: number) => sums.set(key, (sums.get(key) ?? 0) + weight)
  for (const joint of joints) {
    add(whole, JSON.stringify([joint.a, joint.b]), joint.weight)
    add(own, joint[of], joint.weight)
    add(given, joint[by], joint.weight)
    total += joint.weight
  }
  const entropy = (sums: ReadonlyMap<string, number>) => {
    let bits = 0
    for (const weight of sums.values()) if (weight > 0) bits -= (weight / total) * Math.log2(weight / total)
    return bits
  }
  const alone = entropy(own)
  return alone <= 1e-12 ? 1 : Math.min(1, Math.max(0, 1 - (entropy(whole) - entropy(given)) / alone))
}

const implies = 0.95
/** A coarser key whose values differ nearly as much as those of a finer one says it in fewer words. */
const keeps = 0.9

export interface Ranked {
  readonly key: string
  /** The largest difference that one of its values makes, as a share. */
  readonly strength: number
  /** Values it has. */
  readonly size: number
  /** Of two that say the very same the one of less length stays. */
  readonly length: number
}

/**
 * Which keys go without saying, and beside which: of a key and a finer one that implies it the coarser stays where one of its values
 * tells the sides apart as well, else the finer.
 * @param jointOf counts of two keys; undefined where nobody counted them.
 */
export function impliedKeys(
  ranked: readonly Ranked[],
  jointOf: (a: string, b: string) => readonly Joint[] | undefined,
): Map<string, string> {
  const hidden = new Map<string, string>()
  ranked.forEach((first, i) => {
    for (const second of ranked.slice(i + 1)) {
      if (hidden.has(first.key) || hidden.has(second.key)) continue
      const joints = jointOf(first.key, second.key)
      if (!joints || joints.length === 0) continue
      const isImplied = { first: certainty(joints, 'a') > implies, second: certainty(joints, 'b') > implies }
      if (!isImplied.first && !isImplied.second) continue
      const isSecondCoarser = isImplied.first === isImplied.second ? isPlainer(second, first) : isImplied.second
      const [coarse, fine] = isSecondCoarser ? [second, first] : [first, second]
      const [shown, unsaid] = coarse.strength >= keeps * fine.strength ? [coarse, fine] : [fine, coarse]
      hidden.set(unsaid.key, shown.key)
    }
  })
  // What stands beside a key that is itself hidden stands beside the one that hides it.
  for (const [key, beside] of hidden) {
    let shown = beside
    while (hidden.has(shown)) shown = hidden.get(shown)!
    hidden.set(key, shown)
  }
  return hidden
}

const isPlainer = (a: Ranked, b: Ranked): boolean => (a.size === b.size ? a.length < b.length : a.size < b.size)

import { allFlagNames } from '../../analysis/flags.ts'

/** What the ledger counts beside the flags of D9. */
export const Seen = {
  caller: 1,
  proxy: 2,
  upstream: 4,
  callee: 8,
  wire: 16,
  root: 32,
  complete: 64,
  errors: 128,
} as const
const seenWords = ['layer:caller', 'layer:proxy', 'layer:upstream', 'layer:callee', 'layer:wire', 'layer:root'].concat([
  'complete',
  'errors',
])
const flagWords = allFlagNames.map((name) => `flag:${name}`)

/** Requests of which the same was seen and lost. */
interface Counted {
  /** Bits of `Seen`. */
  readonly seen: number
  /** D9. */
  readonly flags: number
  requests: number
}

/** The coverage ledger of a group: its requests by service ('' but for kind service), told apart when all are counted, of which few differ. */
export type Coverage = Map<string, Counted[]>

export function cover(coverage: Coverage, seen: number, flags: number, sign: 1 | -1, service = ''): void {
  let counted = coverage.get(service)
  if (!counted) coverage.set(service, (counted = []))
  for (const same of counted)
    if (same.flags === flags && same.seen === seen) {
      same.requests += sign
      return
    }
  counted.push({ seen, flags, requests: sign })
}

/** What was seen or lost, in the words of the ledger -> requests. */
export function ledgerOf(counted: readonly Counted[]): Map<string, number> {
  const ledger = new Map<string, number>()
  const add = (word: string, n: number) => ledger.set(word, (ledger.get(word) ?? 0) + n)
  const addBits = (words: readonly string[], bits: number, n: number) => {
    for (let rest = bits >>> 0; rest !== 0; rest &= rest - 1) {
      add(words[31 - Math.clz32(rest & -rest)] ?? 'flag:unknown', n)
    }
  }
  for (const { seen, flags, requests } of counted) {
    add('requests', requests)
    addBits(seenWords, seen, requests)
    addBits(flagWords, flags, requests)
  }
  return ledger
}

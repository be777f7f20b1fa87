/** Confidence flags, algorithms.md D9: bit mask on every fact, and the names the API gives as reasons. */
export const Flag = {
  skewUnknown: 1,
  skewWide: 2,
  skewModeled: 4,
  negGap: 8,
  childOutlives: 16,
  detachedAsync: 32,
  missingParent: 64,
  missingCallee: 128,
  singleSpanProxy: 256,
  tightUpper: 512,
  retryOrHedge: 1024,
  coarseClock: 2048,
  noRoot: 4096,
  multiRoot: 8192,
  dupSpanId: 16384,
  truncated: 32768,
  lateRevision: 65536,
  weightUnknown: 131072,
  localReply: 262144,
  streaming: 524288,
  negDuration: 1048576,
  cycle: 2097152,
  modeled: 4194304,
  closedLoopSuspect: 8388608,
  censored: 16777216,
  sampledOut: 33554432,
} as const

/** By bit, in lower case: what the API calls them. */
export const allFlagNames: readonly string[] = Object.keys(Flag).map((key) =>
  key.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
)
const noFlags: readonly string[] = []

/** What was last worked out of a mask, found faster than in a Map: each mask has one slot, and takes it from others. */
export function byMask<T>(work: (mask: number) => T): (mask: number) => T {
  const masks = new Int32Array(1024).fill(-1)
  const results = new Array<T>(masks.length)
  return (mask) => {
    const slot = Math.imul(mask, 0x9e3779b1) >>> 22
    if (masks[slot] !== mask) {
      results[slot] = work(mask)
      masks[slot] = mask
    }
    return results[slot]!
  }
}

/** Names of the set bits in ascending order: `['neg_gap', 'missing_callee']`. The arrays are shared: do not change them. */
export function flagNames(mask: number): readonly string[] {
  return mask === 0 ? noFlags : namesOf(mask)
}

const namesOf = byMask((mask): readonly string[] => allFlagNames.filter((_, bit) => (mask & (1 << bit)) !== 0))

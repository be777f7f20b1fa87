import { collectDonors, mutatedBytes, mutatedTree, type Donors } from './mutate-protobuf.ts'
import { bytesOf, exportRequest, treeOf } from './proto-tree.ts'
import { newRandom } from './random.ts'
import { protobufSeeds } from './seeds.ts'
import { Session } from './session.ts'
import { smallest } from './smallest.ts'

export interface Failure {
  fault: string
  /** Bodies in hex that show it, one after the other into one collector. */
  reproduction: string[]
}

/** So many requests share one interner, and so many of them one batch. */
const perSession = 2000
const perBatch = 20

/** The mutated request number `i`. */
export function otlpMutator(seed: number): (i: number) => Buffer {
  const seeds = protobufSeeds()
  const trees = seeds.map((body) => treeOf(body, exportRequest))
  const donors: Donors = new Map()
  for (const tree of trees) collectDonors(tree, exportRequest, donors)
  return (i) => {
    const random = newRandom(seed, i)
    let tree = random.pick(trees)
    if (random.oneIn(20)) return bytesOf(tree)
    const rounds = 1 + random.int(4)
    for (let n = 0; n < rounds; n++) tree = mutatedTree(tree, exportRequest, donors, random)
    const body = bytesOf(tree)
    return random.oneIn(8) ? mutatedBytes(body, random) : body
  }
}

/** What differs when these go through one collector, in words, or ''. */
export function faultOf(bodies: readonly Buffer[]): string {
  const session = new Session()
  try {
    for (const [i, body] of bodies.entries()) {
      const fault = session.take(body) || ((i + 1) % perBatch === 0 ? session.flush() : '')
      if (fault) return fault
    }
    return session.flush()
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

/** Holds the scanner against the specifications. @returns the first failure, made small. */
export function fuzzOtlp(seed: number, requests: number, progress: (done: number) => void = () => {}) {
  const mutated = otlpMutator(seed)
  const counts = { requests: 0, taken: 0, refused: 0, spans: 0 }
  for (let begin = 0; begin < requests; begin += perSession) {
    const session = new Session()
    const bodies: Buffer[] = []
    const end = Math.min(requests, begin + perSession)
    for (let i = begin; i < end; i++) {
      const body = mutated(i)
      bodies.push(body)
      let fault: string
      try {
        fault = session.take(body) || ((i - begin + 1) % perBatch === 0 || i + 1 === end ? session.flush() : '')
      } catch (error) {
        fault = error instanceof Error ? (error.stack ?? error.message) : String(error)
      }
      if (fault) {
        const small = smallest(bodies, faultOf, exportRequest)
        const failure: Failure = { fault: faultOf(small) || fault, reproduction: small.map((b) => b.toString('hex')) }
        return { counts, failure }
      }
    }
    counts.requests = end
    for (const name of ['taken', 'refused', 'spans'] as const) counts[name] += session.counts[name]
    progress(end)
  }
  return { counts, failure: undefined }
}

import type { Expected } from './expect.ts'
import type { MessageType } from './proto-tree.ts'
import { Session } from './session.ts'
import { smallest } from './smallest.ts'

/** A format in which spans come. */
export interface Kind {
  /** @returns the mutated request number `i`. */
  mutator(seed: number): (i: number) => Buffer
  /** What must become of a body, by the specifications. */
  expected(body: Buffer): Expected
  /** What the collector gives its scanner. @throws MalformedError */
  protobuf(body: Buffer): Buffer
  /** Where it is protobuf. */
  type?: MessageType
}

export interface Failure {
  fault: string
  /** Bodies in hex that show it, one after the other into one collector. */
  reproduction: string[]
}

export interface Outcome {
  requests: number
  taken: number
  refused: number
  spans: number
  /** Of the spans, those that were told by comparing them. */
  usual: number
  failure?: Failure
}

/** So many requests share one interner, and so many of them one batch. */
const perSession = 2000
const perBatch = 20

const said = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))

/** What differs when these go through one collector, in words, or ''. */
export function faultOf(kind: Kind, bodies: readonly Buffer[]): string {
  const session = new Session()
  try {
    for (const [i, body] of bodies.entries()) {
      const fault = session.take(body, kind) || ((i + 1) % perBatch === 0 ? session.flush() : '')
      if (fault) return fault
    }
    return session.flush()
  } catch (error) {
    return said(error)
  }
}

/** Holds the collector's reading against the specifications. Ends with the first failure, made small. */
export function fuzz(kind: Kind, seed: number, requests: number, progress: (done: number) => void = () => {}): Outcome {
  const mutated = kind.mutator(seed)
  // Half of the requests throw, and nobody looks at where.
  Error.stackTraceLimit = 1
  const outcome: Outcome = { requests: 0, taken: 0, refused: 0, spans: 0, usual: 0 }
  for (let begin = 0; begin < requests; begin += perSession) {
    const session = new Session()
    const bodies: Buffer[] = []
    const end = Math.min(requests, begin + perSession)
    for (let i = begin; i < end; i++) {
      const body = mutated(i)
      bodies.push(body)
      let fault: string
      try {
        fault = session.take(body, kind) || ((i - begin + 1) % perBatch === 0 || i + 1 === end ? session.flush() : '')
      } catch (error) {
        fault = said(error)
      }
      if (!fault) continue
      const small = smallest(bodies, (some) => faultOf(kind, some), kind.type)
      // What does not show again (a stall) is told with its last body alone.
      const again = faultOf(kind, small)
      const reproduction = (again ? small : [body]).map((shown) => shown.toString('hex'))
      return { ...outcome, failure: { fault: again || fault, reproduction } }
    }
    outcome.requests = end
    for (const name of ['taken', 'refused', 'spans', 'usual'] as const) outcome[name] += session.counts[name]
    progress(end)
  }
  return outcome
}

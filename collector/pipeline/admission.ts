import { newRates, type Key } from './rates.ts'

/** Who sends a request: what may be in at a time is shared out between keys or, of those that show none, addresses. */
export interface Sender {
  readonly key: Key
  /** Of the peer. */
  readonly address: string
  /** The same object for all requests of a connection. */
  readonly connection: object
}

/** The name of the sender's key, else its address. */
export const nameOf = ({ key, address }: Sender): string => key.name || address

/**
 * How many bytes of requests may be in the collector at a time, from the first byte of a body until its answer: memory
 * stays bounded whoever sends whatever. Bytes count when they have come, so that nobody can hold room by announcing.
 * While no more than half is taken everybody may send. Beyond that a client may have twice what is left, and a connection of it
 * no more than that leaves the client (Choudhury and Hahne 1998, dynamic queue thresholds): those who send most are refused
 * first, and there is room for one who has nothing in.
 */
export interface Admission {
  /**
   * @param expected bytes that the request announces.
   * @throws Overloaded, before any of them is read: too much is in already, or the key has used up what it may send.
   */
  enter(sender: Sender, expected: number): Admitted
  /** Bytes that may be in at a time. */
  readonly maxBytes: number
  /** Bytes that are in now. */
  taken(): number
  /** Clients that have a request in now. */
  clients(): number
}

/** One request that was let in. */
export interface Admitted {
  /** So many more bytes have come. @throws Overloaded */
  grow(bytes: number): void
  /** Counts towards the limits of the key. */
  used(amount: { spans?: number; bytes?: number }): void
  /** The request was answered. */
  leave(): void
}

const reasons = {
  overloaded: 'too many spans are waiting to be stored',
  limited: 'the limit of this API key is reached',
  spool_full: 'ClickHouse takes no spans and there is no room left for them in the spool',
} as const

/** The request cannot be taken now, and can later. */
export class Overloaded extends Error {
  /** overloaded: the collector has too much in; limited: the key has used up what it may send; spool_full: no room on disk. */
  readonly why: keyof typeof reasons
  readonly retrySeconds: number
  constructor(why: Overloaded['why'] = 'overloaded', retrySeconds = 1) {
    super(reasons[why])
    this.why = why
    this.retrySeconds = retrySeconds
  }
}

const share = 2

interface Party {
  taken: number
  readonly connections: Map<object, number>
}

export function newAdmission(maxBytes: number): Admission {
  let taken = 0
  const parties = new Map<string, Party>()
  const rates = newRates()

  const check = (name: string, connection: object, more: number): void => {
    if (taken + more <= maxBytes / 2) return
    const party = parties.get(name)
    const left = maxBytes - taken
    const room = share * left - (party?.taken ?? 0)
    const own = party?.connections.get(connection) ?? 0
    if (more > left || own + more > room) throw new Overloaded()
  }
  const add = (name: string, connection: object, bytes: number): void => {
    let party = parties.get(name)
    if (!party) parties.set(name, (party = { taken: 0, connections: new Map() }))
    const own = (party.connections.get(connection) ?? 0) + bytes
    if (own === 0) party.connections.delete(connection)
    else party.connections.set(connection, own)
    taken += bytes
    party.taken += bytes
    if (party.connections.size === 0) parties.delete(name)
  }

  return {
    maxBytes,
    taken: () => taken,
    clients: () => parties.size,
    enter(sender, expected) {
      const { key, connection } = sender
      const name = nameOf(sender)
      const waitSeconds = rates.waitSeconds(key)
      if (waitSeconds > 0) throw new Overloaded('limited', waitSeconds)
      check(name, connection, expected)
      let own = 0
      return {
        grow(bytes) {
          check(name, connection, bytes)
          add(name, connection, bytes)
          own += bytes
        },
        used: ({ spans = 0, bytes = 0 }) => rates.use(key, spans, bytes),
        leave() {
          if (own > 0) add(name, connection, -own)
          own = 0
        },
      }
    },
  }
}

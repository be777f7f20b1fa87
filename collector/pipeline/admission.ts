/**
 * How many bytes of requests may be in the collector at a time, from the first byte of a body until its answer: memory
 * stays bounded whoever sends whatever. Bytes count when they have come, so that nobody can hold room by announcing.
 */
export interface Admission {
  /** @param expected bytes that the request announces. @throws Overloaded, before any of them is read. */
  enter(expected: number): Admitted
  /** Bytes that are in now. */
  taken(): number
}

/** The bytes of one request. */
export interface Admitted {
  /** So many more have come. @throws Overloaded */
  grow(bytes: number): void
  /** The request was answered. */
  leave(): void
}

/** More bytes are being read or waiting to be stored than may. */
export class Overloaded extends Error {
  constructor() {
    super('too many spans are waiting to be stored')
  }
}

export function newAdmission(maxBytes: number): Admission {
  let taken = 0
  const check = (more: number) => {
    if (taken + more > maxBytes) throw new Overloaded()
  }
  return {
    taken: () => taken,
    enter(expected) {
      check(expected)
      let own = 0
      return {
        grow(bytes) {
          check(bytes)
          taken += bytes
          own += bytes
        },
        leave() {
          taken -= own
          own = 0
        },
      }
    },
  }
}

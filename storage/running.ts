import type { Logger } from 'pino'

export type { Logger }

/** A started part of hopscope. */
export interface Running {
  /** What it listens on; `url` as a client would write it. Empty for parts that only work. */
  addresses: Address[]
  /** Stops taking work, finishes what was taken, lets go of every port. Resolves when all that is done. */
  close(): Promise<void>
}

export interface Address {
  /** Such as `OTLP/gRPC`. */
  name: string
  url: string
}

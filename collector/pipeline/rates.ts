/** An API key as far as the collector knows it. */
export interface Key {
  /** '' for everybody where no keys are asked for. */
  readonly name: string
  /** null: as many as it likes. */
  readonly spansPerSecond: number | null
  /** Of bodies as they come, compressed or not. */
  readonly bytesPerSecond: number | null
}

/** Whoever needs no key. */
export const noKey: Key = { name: '', spansPerSecond: null, bytesPerSecond: null }

/**
 * Limits of keys. How many spans a request has is known when it has been read: it is taken while anything is left, and what
 * it took beyond that is paid off before the next one. The average holds exactly; a second's worth may come at once.
 */
export interface Rates {
  /** Whole seconds until the key may send again; 0: now. */
  waitSeconds(key: Key): number
  use(key: Key, spans: number, bytes: number): void
}

interface Bucket {
  spans: number
  bytes: number
  /** ms, of `now`. */
  at: number
}

/** @param now ms, never going back. */
export function newRates(now: () => number = () => performance.now()): Rates {
  /** As many as there are keys with a limit. */
  const buckets = new Map<string, Bucket>()
  const filled = ({ name, spansPerSecond, bytesPerSecond }: Key): Bucket => {
    const at = now()
    const bucket = buckets.get(name)
    if (!bucket) {
      const full = { spans: spansPerSecond ?? 0, bytes: bytesPerSecond ?? 0, at }
      buckets.set(name, full)
      return full
    }
    const seconds = (at - bucket.at) / 1000
    bucket.at = at
    // A limit that was lifted leaves nothing to be paid off.
    bucket.spans = spansPerSecond === null ? 0 : Math.min(spansPerSecond, bucket.spans + seconds * spansPerSecond)
    bucket.bytes = bytesPerSecond === null ? 0 : Math.min(bytesPerSecond, bucket.bytes + seconds * bytesPerSecond)
    return bucket
  }
  const isLimited = ({ spansPerSecond, bytesPerSecond }: Key) => spansPerSecond !== null || bytesPerSecond !== null
  const wait = (left: number, perSecond: number | null) =>
    perSecond === null || left > 0 ? 0 : Math.max(1, Math.ceil(-left / perSecond))
  return {
    waitSeconds(key) {
      if (!isLimited(key)) return 0
      const { spans, bytes } = filled(key)
      return Math.max(wait(spans, key.spansPerSecond), wait(bytes, key.bytesPerSecond))
    },
    use(key, spans, bytes) {
      if (!isLimited(key)) return
      const bucket = filled(key)
      bucket.spans -= spans
      bucket.bytes -= bytes
    },
  }
}

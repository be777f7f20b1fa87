/** What came of telling a target. */
export interface Outcome {
  readonly ok: boolean
  /** Trying again cannot help. */
  readonly permanent: boolean
  readonly detail: string
  /** ms to wait at least, where the other side says so. */
  readonly retryAfterMs?: number
}

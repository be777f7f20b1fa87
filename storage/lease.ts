import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouse } from './clickhouse.ts'

/**
 * A right that one process of many holds for a time. ClickHouse has no compare-and-set: a term is an INSERT whose
 * deduplication token names it, so of several who try for the same term one is stored; reading tells who.
 */
export interface Lease {
  /** Aborted when it could not be renewed in time: somebody else may hold it now. */
  lost: AbortSignal
  release(): Promise<void>
}

interface Term {
  term: string
  holder: string
  valid: boolean
}

/** The table of all leases; idempotent. Without a TTL: terms that began again at 1 would meet their old tokens. */
export async function createLeases(clickhouse: ClickHouse): Promise<void> {
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS leases (
    name String, term UInt64, holder String, until DateTime64(3, 'UTC')
  ) ENGINE = ReplacingMergeTree(term) ORDER BY name
  SETTINGS non_replicated_deduplication_window = 10000`)
}

/**
 * Waits until `holder` has the lease `name`. A holder that dies loses it after `ttlMs`, by the clock of ClickHouse.
 * @param holder unique to this process and use. @throws ClickHouseError; Error after `timeoutMs`.
 */
export async function acquireLease(
  clickhouse: ClickHouse,
  { name, holder, ttlMs, timeoutMs }: { name: string; holder: string; ttlMs: number; timeoutMs: number },
): Promise<Lease> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(50)) {
    const lease = await tryLease(clickhouse, { name, holder, ttlMs })
    if (lease) return lease
  }
  throw new Error(`another process holds the lease ${name} for longer than ${timeoutMs / 1000} s`)
}

/** As `acquireLease`, without waiting: null while somebody else has it. */
export async function tryLease(
  clickhouse: ClickHouse,
  { name, holder, ttlMs }: { name: string; holder: string; ttlMs: number },
): Promise<Lease | null> {
  const last = await lastTerm(clickhouse, name)
  if (last?.valid) return null
  const term = BigInt(last?.term ?? 0) + 1n
  await writeTerm(clickhouse, name, term, holder, ttlMs)
  const now = await lastTerm(clickhouse, name)
  const isOurs = now?.holder === holder && BigInt(now.term) === term
  return isOurs ? keep(clickhouse, name, holder, term, ttlMs) : null
}

/** Who has it now; null for nobody. */
export async function holderOf(clickhouse: ClickHouse, name: string): Promise<string | null> {
  const last = await lastTerm(clickhouse, name)
  return last?.valid ? last.holder : null
}

function keep(clickhouse: ClickHouse, name: string, holder: string, first: bigint, ttlMs: number): Lease {
  const lost = new AbortController()
  let term = first
  let renewedAt = Date.now()
  let renewing = Promise.resolve()
  const renew = async () => {
    try {
      await writeTerm(clickhouse, name, term + 1n, holder, ttlMs)
      const now = await lastTerm(clickhouse, name)
      if (now?.holder !== holder) return lost.abort(new Error(`the lease ${name} went to another process`))
      term = BigInt(now.term)
      renewedAt = Date.now()
    } catch (error) {
      if (Date.now() - renewedAt > ttlMs) lost.abort(error)
    }
  }
  const timer = setInterval(() => (renewing = renew()), ttlMs / 3)
  return {
    lost: lost.signal,
    async release() {
      clearInterval(timer)
      await renewing
      if (!lost.signal.aborted) await writeTerm(clickhouse, name, term + 1n, holder, 0)
    },
  }
}

async function writeTerm(clickhouse: ClickHouse, name: string, term: bigint, holder: string, ttlMs: number) {
  await clickhouse.command(
    `INSERT INTO leases VALUES ({name:String}, {term:UInt64}, {holder:String}, now64(3) + INTERVAL {ttl:UInt32} MILLISECOND)`,
    { name, term: String(term), holder, ttl: ttlMs },
    { settings: { insert_deduplication_token: `lease-${name}-${term}`, async_insert: 0 } },
  )
}

async function lastTerm(clickhouse: ClickHouse, name: string): Promise<Term | undefined> {
  const [last] = await clickhouse.query<Term>(
    `SELECT toString(term) AS term, holder, until > now64(3) AS valid FROM leases
     WHERE name = {name:String} ORDER BY leases.term DESC LIMIT 1`,
    { name },
  )
  return last && { ...last, valid: Boolean(last.valid) }
}

import type { ClickHouse } from '../../../storage/clickhouse.ts'
import { loadSql } from '../load-sql.ts'
import { factTables, pairsOf, pairsPerQuery, secondsOf } from './facts.ts'

const sql = {
  hops: loadSql(import.meta.url, 'rolled-hops.sql'),
  proxies: loadSql(import.meta.url, 'rolled-proxies.sql'),
  traces: loadSql(import.meta.url, 'rolled-traces.sql'),
}

/** Facts that some jobs wrote: all that they wrote, retractions included, or (pairs) the current facts of these traces. */
export interface WrittenFacts {
  readonly jobs: readonly bigint[]
  readonly pairs: readonly { traceId: string; job: bigint }[] | null
}

interface Common {
  sign: 1 | -1
  /** Unix seconds. */
  minute: number
  environment: string
  cluster: string
  namespace: string
  error: number
  flags: number
  weight: number
}

/** 64-bit integers as decimal digits. */
export interface RolledRow {
  hops: Common & {
    hopId: string
    caller: string
    callee: string
    vias: string
    transitNs: string | null
    transitFidelity: string
    wire: string | null
    classes: string[]
    ns: string[]
    fidelities: string[]
  }
  proxies: Common & {
    proxyId: string
    caller: string
    callee: string
    attempts: number
    backoff: string
    wasted: string
  } & Record<`${'added' | 'overhead' | 'requestPath' | 'responsePath'}Ns`, string | null> &
    Record<`${'added' | 'overhead' | 'requestPath' | 'responsePath'}Fidelity`, string>
  traces: Common & {
    rootService: string
    rootName: string
    services: string[]
    proxies: number
    duration: string | null
    classes: string[]
    ns: string[]
  } & Record<`${'mesh' | 'gateway'}${'Lower' | 'Upper' | 'Estimate'}`, string | null>
}

export type RolledRows = { readonly [Table in keyof RolledRow]: RolledRow[Table][] }

/** What the rollups need of these facts. In no order. */
export async function readRolled(clickhouse: ClickHouse, { jobs, pairs }: WrittenFacts): Promise<RolledRows> {
  const found: RolledRows = { hops: [], proxies: [], traces: [] }
  const portions = pairs ? Math.ceil(pairs.length / pairsPerQuery) : 1
  for (let i = 0; i < portions; i++) {
    const some = pairs?.slice(i * pairsPerQuery, (i + 1) * pairsPerQuery) ?? []
    const params = {
      jobs,
      // Names the partitions to look into. What a job took back lies where that was settled.
      settledAt: pairs ? secondsOf(jobs) : [],
      signs: pairs ? [1] : [1, -1],
      pairs: pairsOf(some).toString('base64'),
      count: some.length,
    }
    for (const table of factTables) {
      const rows = await clickhouse.query<RolledRow[typeof table]>(sql[table], params)
      for (const row of rows) (found[table] as unknown[]).push(row)
    }
  }
  return found
}

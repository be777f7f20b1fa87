import { randomUUID } from 'node:crypto'
import { connect, type ClickHouse } from './clickhouse.ts'
import { acquireLease, createLeases } from './lease.ts'
import { readMigrations, type Migration } from './migration-files.ts'
import { resort, resortOf, timeoutMs } from './resort.ts'
import { StartError } from './start-error.ts'

export interface MigrateOptions {
  /** Where the numbered .sql files are; migrations/ of this program by default. */
  folder?: URL
  /** How long a process that migrates may be dead before another takes over. */
  leaseMs?: number
}

interface Applied {
  number: number
  name: string
  checksum: string
  state: 'begun' | 'applied'
}

const ownFolder = new URL('../migrations/', import.meta.url)

/**
 * Brings the database of `url` to the schema of this program: creates it when absent, applies each migration once and
 * in order. Any number of processes may do so at the same time; all return when the schema is there.
 * @returns the names of the migrations applied by this call.
 * @throws StartError when an applied migration was changed or is missing here, or ClickHouse cannot be reached.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const wanted = await readMigrations(options.folder ?? ownFolder)
  await createDatabase(url)
  const clickhouse = connect(url, { timeoutMs })
  try {
    await clickhouse.command(`CREATE TABLE IF NOT EXISTS schema_migrations (
      number UInt32, name String, checksum String, state Enum8('begun' = 1, 'applied' = 2),
      at DateTime64(3, 'UTC') DEFAULT now64(3)
    ) ENGINE = MergeTree ORDER BY (number, state)`)
    if (pendingOf(wanted, await readApplied(clickhouse)).length === 0) return []
    return await applyPending(clickhouse, url, wanted, options.leaseMs ?? 30_000)
  } catch (error) {
    throw startErrorOf(error, url)
  } finally {
    await clickhouse.close()
  }
}

async function applyPending(
  clickhouse: ClickHouse,
  url: string,
  wanted: Migration[],
  leaseMs: number,
): Promise<string[]> {
  await createLeases(clickhouse)
  const lease = await acquireLease(clickhouse, {
    name: 'migrations',
    holder: randomUUID(),
    ttlMs: leaseMs,
    timeoutMs: 10 * 60_000,
  })
  try {
    const applied = await readApplied(clickhouse)
    const pending = pendingOf(wanted, applied)
    for (const migration of pending) {
      const begunBefore = applied.some((row) => row.number === migration.number)
      if (!begunBefore) await record(clickhouse, migration, 'begun')
      for (const statement of migration.statements) {
        lease.lost.throwIfAborted()
        const asked = resortOf(statement)
        const work = asked ? resort(url, asked, lease.lost) : clickhouse.command(statement)
        await done(work, migration, begunBefore)
      }
      await record(clickhouse, migration, 'applied')
    }
    return pending.map((migration) => migration.name)
  } finally {
    await lease.release()
  }
}

const tableAlreadyExists = '57'

/** A process that died in the middle of a migration leaves its first statements done: creating again is no error then. */
async function done(work: Promise<void>, migration: Migration, begunBefore: boolean) {
  try {
    await work
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === tableAlreadyExists && begunBefore) return
    if (code === undefined || !/^\d+$/.test(code)) throw error
    throw new StartError(`migration ${migration.name} failed: ${oneLine(message)}`)
  }
}

function record(clickhouse: ClickHouse, { number, name, checksum }: Migration, state: Applied['state']) {
  return clickhouse.command(
    `INSERT INTO schema_migrations (number, name, checksum, state)
     VALUES ({number:UInt32}, {name:String}, {checksum:String}, {state:String})`,
    { number, name, checksum, state },
  )
}

function readApplied(clickhouse: ClickHouse): Promise<Applied[]> {
  return clickhouse.query<Applied>(
    `SELECT number, argMax(name, at) AS name, argMax(checksum, at) AS checksum, max(state) AS state
     FROM schema_migrations GROUP BY number ORDER BY number`,
  )
}

/** What is still to be applied. @throws StartError when what was applied is not what this program has. */
export function pendingOf(wanted: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const done = applied.filter((row) => row.state === 'applied')
  const last = done.at(-1)?.number ?? 0
  for (const row of done) {
    const migration = wanted.find((m) => m.number === row.number)
    if (!migration) {
      throw new StartError(
        row.number > (wanted.at(-1)?.number ?? 0)
          ? `the database was made by a newer hopscope: its migration ${row.name} is unknown to this one`
          : `migration ${row.name} was applied to the database but its file is missing`,
      )
    }
    if (migration.checksum !== row.checksum) {
      throw new StartError(`migration ${migration.name} was changed after it was applied: restore the file as it was`)
    }
  }
  const pending = wanted.filter((m) => !done.some((row) => row.number === m.number))
  const late = pending.find((m) => m.number < last)
  if (late) throw new StartError(`migration ${late.name} comes before ones that were applied: give it a higher number`)
  return pending
}

async function createDatabase(url: string): Promise<void> {
  const database = databaseOf(url)
  const root = new URL(url)
  root.pathname = '/'
  const clickhouse = connect(root.href)
  try {
    // A user who may not create databases may use one that is there.
    const found = await clickhouse.query(`SELECT 1 FROM system.databases WHERE name = {database:String}`, { database })
    if (found.length === 0)
      await clickhouse.command('CREATE DATABASE IF NOT EXISTS {database:Identifier}', { database })
  } catch (error) {
    throw startErrorOf(error, url)
  } finally {
    await clickhouse.close()
  }
}

/** The database a ClickHouse URL names. */
export function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1)) || 'default'
}

function startErrorOf(error: unknown, url: string): unknown {
  const { code, message, type } = error as { code?: string; message?: string; type?: string }
  const host = new URL(url).host
  // Errors of the server have a numeric code; all others mean that it was not reached.
  if (error instanceof StartError || !(error instanceof Error)) return error
  if (code !== undefined && /^\d+$/.test(code)) {
    return new StartError(`ClickHouse at ${host} refuses (${type ?? code}): ${oneLine(message ?? '')}`)
  }
  if (code !== undefined || /timeout|socket|connect/i.test(message ?? '')) {
    return new StartError(
      `ClickHouse at ${host} cannot be reached (${code ?? oneLine(message ?? '')}): check CLICKHOUSE_URL`,
    )
  }
  return error
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').slice(0, 500)

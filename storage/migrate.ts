import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ClickHouse } from './clickhouse.ts'
import { StartError } from './data-directory.ts'

export interface Migration {
  /** The file's name: its number gives the order. */
  name: string
  checksum: string
  statements: string[]
}

/** In the checkout or, compiled, in dist beside this folder. */
const folder = ['../migrations/', '../../migrations/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path))!

/** How long a process may take over one migration before another one steps in. */
const leaseMs = 60_000

export function readMigrations(directory: string = folder): Migration[] {
  return readdirSync(directory)
    .filter((name) => /^\d{4}_.*\.sql$/.test(name))
    .sort()
    .map((name) => parseMigration(name, readFileSync(`${directory}/${name}`, 'utf8')))
}

export function parseMigration(name: string, text: string): Migration {
  const statements = text
    .split(/;[ \t]*$/m)
    .map((statement) => statement.replace(/^\s*--.*$/gm, '').trim())
    .filter(Boolean)
  return { name, checksum: createHash('sha256').update(text).digest('hex'), statements }
}

interface Applied {
  name: string
  checksum: string
}

/**
 * Applies what is missing, once and in order; safe from several processes at the same time.
 *
 * ClickHouse has no locks. A process takes the lease of a migration by an INSERT whose deduplication token names it: of
 * several with one token the first wins, and reading back tells who that was. The others wait for the outcome.
 * @throws StartError naming a migration that is missing or not what was applied.
 */
export async function migrate(clickhouse: ClickHouse, migrations: Migration[] = readMigrations()): Promise<string[]> {
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS schema_migrations (
      name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
    ) ENGINE = MergeTree ORDER BY name SETTINGS non_replicated_deduplication_window = 1000`)
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS schema_leases (
      name String, term UInt64, holder String, at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
    ) ENGINE = MergeTree ORDER BY (name, term) SETTINGS non_replicated_deduplication_window = 1000`)
  const holder = `${process.pid}-${createHash('sha256')
    .update(String(performance.timeOrigin + Math.random()))
    .digest('hex')
    .slice(0, 12)}`
  const applied: string[] = []
  check(migrations, await readApplied(clickhouse))
  for (const migration of migrations) if (await applyOnce(clickhouse, migration, holder)) applied.push(migration.name)
  return applied
}

const readApplied = (clickhouse: ClickHouse) =>
  clickhouse.query<Applied>('SELECT DISTINCT name, checksum FROM schema_migrations ORDER BY name')

function check(migrations: readonly Migration[], applied: readonly Applied[]): void {
  for (const { name, checksum } of applied) {
    const known = migrations.find((migration) => migration.name === name)
    if (!known)
      throw new StartError(
        `migration ${name} was applied to this database and is missing here; use the hopscope that has it`,
      )
    if (known.checksum !== checksum)
      throw new StartError(`migration ${name} is not the one that was applied to this database; restore the file`)
  }
}

/** True when this process applied it. */
async function applyOnce(clickhouse: ClickHouse, migration: Migration, holder: string): Promise<boolean> {
  const { name, checksum, statements } = migration
  for (;;) {
    if ((await readApplied(clickhouse)).some((applied) => applied.name === name)) return false
    if (!(await takeLease(clickhouse, name, holder))) {
      await sleep(100)
      continue
    }
    // A predecessor may have died half way: what it made stays, what is missing is made.
    for (const statement of statements) await clickhouse.command(repeatable(statement))
    await clickhouse.command(
      'INSERT INTO schema_migrations (name, checksum) VALUES ({name:String}, {checksum:String})',
      { name, checksum },
      { settings: { insert_deduplication_token: name } },
    )
    return true
  }
}

/** CREATE TABLE and CREATE MATERIALIZED VIEW become repeatable; other statements must be so by themselves. */
export const repeatable = (statement: string) =>
  statement.replace(/^CREATE (TABLE|MATERIALIZED VIEW|VIEW) (?!IF NOT EXISTS)/i, 'CREATE $1 IF NOT EXISTS ')

interface Lease {
  term: string
  holder: string
  age: number
}

async function takeLease(clickhouse: ClickHouse, name: string, holder: string): Promise<boolean> {
  const read = () =>
    clickhouse.query<Lease>(
      `SELECT term, holder, toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(at) AS age
       FROM schema_leases WHERE name = {name:String} ORDER BY term DESC LIMIT 1`,
      { name },
    )
  const [current] = await read()
  if (current && Number(current.age) < leaseMs) return current.holder === holder
  const term = Number(current?.term ?? 0) + 1
  await clickhouse.command(
    'INSERT INTO schema_leases (name, term, holder) VALUES ({name:String}, {term:UInt64}, {holder:String})',
    { name, term, holder },
    { settings: { insert_deduplication_token: `lease-${name}-${term}` } },
  )
  return (await read())[0]?.holder === holder
}

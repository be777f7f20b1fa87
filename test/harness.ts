import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startEngine as startEmbedded, type Engine } from '../storage/engine.ts'
import { migrate } from '../storage/migrate.ts'

/** For parts under test: what fails on purpose need not be told. */
export const quiet = pino({ level: 'silent' })

/** A ClickHouse of a test's own. */
export interface TestEngine {
  /** With the database, for whatever takes a ClickHouse URL. */
  url: string
  clickhouse: ClickHouse
  engine: Engine
  stop(): Promise<void>
}

/** Starts the embedded engine over a fresh directory, migrated; takes about a second. */
export async function startEngine(options: { migrated?: boolean; database?: string } = {}): Promise<TestEngine> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hopscope-test-'))
  const log = pino({ level: 'error' }, pino.destination(2))
  const engine = await startEmbedded({ dataDir, httpPort: 0, memoryBytes: 2 * 2 ** 30, log })
  const url = `${engine.url}/${options.database ?? 'hopscope'}`
  if (options.migrated !== false) await migrate(url)
  const clickhouse = connect(url)
  return {
    url,
    clickhouse,
    engine,
    async stop() {
      await clickhouse.close()
      await engine.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

const packageRoot = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '..' : '../..', import.meta.url))
let built = false

/** The program is tested as it is run: compiled. */
function build(): void {
  if (built) return
  const { status } = spawnSync(process.execPath, [join(packageRoot, 'scripts/build.mjs'), '--if-stale', '--server'], {
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('the build failed')
  built = true
}

/** The real program in processes of its own, on free ports over a fresh directory. */
export interface RunningHopscope {
  apiUrl: string
  otlpHttpUrl: string
  otlpGrpcUrl: string
  /** The embedded engine, without a database. */
  engineUrl: string
  dataDir: string
  /** Everything it said on standard output. */
  output(): string
  /** SIGTERM; resolves with the exit code. The directory goes too unless it was given. */
  stop(): Promise<number | null>
  /** Kills a process of it: `main` the one that was started. */
  kill9(which: 'main' | 'collector' | 'server' | 'engine'): void
}

export interface HopscopeOptions {
  /** Kept when it is given, so that another start can go on with it. */
  dataDir?: string
  /** Command line. */
  flags?: string[]
}

/** Resolves when it says that it is ready. @throws Error with what it said when it ends before that. */
export async function startHopscope(
  env: Record<string, string> = {},
  { dataDir, flags = [] }: HopscopeOptions = {},
): Promise<RunningHopscope> {
  build()
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'hopscope-test-')))
  const child = spawn(process.execPath, [join(packageRoot, 'dist/process/main.js'), ...flags], {
    cwd: directory,
    env: {
      ...process.env,
      HOPSCOPE_PORT: '0',
      HOPSCOPE_OTLP_GRPC_PORT: '0',
      HOPSCOPE_OTLP_HTTP_PORT: '0',
      HOPSCOPE_DATA_DIR: directory,
      HOPSCOPE_MEMORY_LIMIT: '3g',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let complained = ''
  const exited = once(child, 'exit')
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('hopscope is ready')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`hopscope ended with ${code}: ${complained || said}`)))
  })
  const address = (name: string) => new RegExp(`^${name} +(\\S+)`, 'm').exec(said)?.[1] ?? ''
  return {
    apiUrl: address('Web UI and API'),
    otlpHttpUrl: address('OTLP/HTTP'),
    otlpGrpcUrl: address('OTLP/gRPC'),
    engineUrl: address('ClickHouse'),
    dataDir: directory,
    output: () => said,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const [code] = (await exited) as [number | null]
      if (dataDir === undefined) await rm(directory, { recursive: true, force: true })
      return code
    },
    kill9(which) {
      for (const pid of which === 'main' ? [child.pid!] : descendants(child.pid!, modules[which])) {
        process.kill(pid, 'SIGKILL')
      }
    },
  }
}

const modules = { collector: 'process/collector.', server: 'process/server.', engine: 'storage/engine-child.' }

/** Direct children of a process whose command line has `word` in it. Linux. */
function descendants(parent: number, word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
        return ppid === parent && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
      } catch {
        return false
      }
    })
}

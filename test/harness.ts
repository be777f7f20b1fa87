import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startEngine as startEmbedded, type Engine } from '../storage/engine.ts'
import { migrate } from '../storage/migrate.ts'
import { eventually } from './eventually.ts'

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

/** The real program in processes of its own. */
interface Launched {
  child: ChildProcess
  said(): string
  complained(): string
  ended: Promise<Ended>
}

export interface Ended {
  /** null: a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

export interface HopscopeOptions {
  /** Kept when it is given, so that another start can go on with it. */
  dataDir?: string
  /** Command line. */
  flags?: string[]
  /** In a process group of its own, as a terminal gives it; Ctrl-C on the tests does not reach it then. */
  ownGroup?: boolean
}

/** On free ports. Killed when it is not ready, or not at its end, in time: no test waits for ever. */
function launch(env: Record<string, string>, directory: string, options: HopscopeOptions): Launched {
  build()
  const child = spawn(process.execPath, [join(packageRoot, 'dist/process/main.js'), ...(options.flags ?? [])], {
    cwd: directory,
    env: {
      ...process.env,
      HOPSCOPE_PORT: '0',
      HOPSCOPE_OTLP_GRPC_PORT: '0',
      HOPSCOPE_OTLP_HTTP_PORT: '0',
      HOPSCOPE_ZIPKIN_PORT: '0',
      HOPSCOPE_DATA_DIR: directory,
      HOPSCOPE_MEMORY_LIMIT: '3g',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.ownGroup ?? false,
  })
  let said = ''
  let complained = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout: said, stderr: complained })),
  )
  return { child, said: () => said, complained: () => complained, ended }
}

const readyTimeoutMs = 90_000
const endTimeoutMs = 60_000

/** Starts the program and waits for its end, which must come by itself: for starts that fail. */
export async function runHopscope(env: Record<string, string>, options: HopscopeOptions = {}): Promise<Ended> {
  const directory = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'hopscope-test-')))
  const { child, ended } = launch(env, directory, options)
  const late = setTimeout(() => child.kill('SIGKILL'), readyTimeoutMs)
  try {
    return await ended
  } finally {
    clearTimeout(late)
    if (options.dataDir === undefined) await rm(directory, { recursive: true, force: true })
  }
}

export interface RunningHopscope {
  apiUrl: string
  otlpHttpUrl: string
  otlpGrpcUrl: string
  zipkinUrl: string
  /** The embedded engine, without a database. */
  engineUrl: string
  dataDir: string
  pid: number
  /** Everything it said on standard output, and on standard error. */
  output(): string
  complaints(): string
  /** SIGTERM, to the whole process group where asked; resolves with the exit code. The directory goes too unless it was given. */
  stop(to?: 'group'): Promise<number | null>
  /** Kills a process of it: `main` the one that was started. Resolves when it is dead. */
  kill9(which: 'main' | 'collector' | 'server' | 'alerts' | 'engine' | 'all'): Promise<void>
  /** The processes of a part that run: none while it waits to be started again. */
  pids(part: 'collector' | 'server' | 'alerts' | 'engine'): number[]
}

/** Resolves when it says that it is ready. @throws Error with what it said when it ends before that. */
export async function startHopscope(
  env: Record<string, string> = {},
  options: HopscopeOptions = {},
): Promise<RunningHopscope> {
  const directory = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'hopscope-test-')))
  const { child, said, complained, ended } = launch(env, directory, options)
  const running = () => child.exitCode === null && child.signalCode === null
  const late = setTimeout(() => child.kill('SIGKILL'), readyTimeoutMs)
  while (running() && !said().includes('hopscope is ready')) await sleep(20)
  clearTimeout(late)
  if (!running()) {
    const { code } = await ended
    throw new Error(`hopscope ended with ${code}: ${complained() || said()}`)
  }
  const address = (name: string) => new RegExp(`^${name} +(\\S+)`, 'm').exec(said())?.[1] ?? ''
  return {
    apiUrl: address('Web UI and API'),
    otlpHttpUrl: address('OTLP/HTTP'),
    otlpGrpcUrl: address('OTLP/gRPC'),
    zipkinUrl: address('Zipkin'),
    engineUrl: address('ClickHouse'),
    dataDir: directory,
    pid: child.pid!,
    output: said,
    complaints: complained,
    async stop(to) {
      if (running()) process.kill(to === 'group' ? -child.pid! : child.pid!, 'SIGTERM')
      const tooLate = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
      const { code } = await ended
      clearTimeout(tooLate)
      if (options.dataDir === undefined) await rm(directory, { recursive: true, force: true })
      return code
    },
    pids: (part) => descendants(child.pid!, modules[part]),
    async kill9(which) {
      const parts = which === 'all' ? partNames : partNames.filter((name) => name === which)
      const children = parts.flatMap((part) => descendants(child.pid!, modules[part]))
      const pids = which === 'all' || which === 'main' ? [child.pid!, ...children] : children
      for (const pid of pids) process.kill(pid, 'SIGKILL')
      for (const pid of pids) await eventually(() => isDead(pid))
    },
  }
}

/** Gone, or a zombie that its parent has not looked at. */
function isDead(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

const modules = {
  collector: 'process/collector.',
  server: 'process/server.',
  alerts: 'process/alerts.',
  engine: 'storage/engine-child.',
}
const partNames = Object.keys(modules) as (keyof typeof modules)[]

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

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { entryArgs } from './entry.ts'
import { serverConfig, usersConfig, type EngineLimits } from './engine-config.ts'
import { freePort, portTrouble } from './ports.ts'
import type { Logger } from './running.ts'
import { StartError } from './start-error.ts'

/** ClickHouse in a child process of this one: a real HTTP listener on loopback over a directory of ours. */
export interface Engine {
  /** `http://127.0.0.1:PORT`, without a database. Stays the same through restarts. */
  url: string
  /** undefined while it is being restarted. */
  pid(): number | undefined
  /** How often it was started again after it died. */
  restarts(): number
  stop(): Promise<void>
}

export interface EngineOptions extends EngineLimits {
  /** An existing directory; the engine keeps its tables in `engine/` below it. */
  dataDir: string
  /** 0: any free port. */
  httpPort: number
  /** Descriptor of the lock on `dataDir`: the engine holds it as well, so that it outlives a killed parent. */
  lockFd?: number
  /** An engine that answers no ping for so long is killed and started again; merges can delay an answer by seconds. 30 s by default. */
  silenceMs?: number
  log: Logger
}

const readyTimeoutMs = 60_000
const stopTimeoutMs = 6_000
/** Pings within what counts as silence. */
const pings = 15
const maxBackoffMs = 5_000

/**
 * Starts the engine and keeps it running: when it dies, or stops answering, it is started again on the same port.
 * @throws StartError when it cannot be started.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { dataDir, silenceMs = 30_000, log } = options
  const configFile = join(dataDir, 'engine.xml')
  const usersFile = join(dataDir, 'engine-users.xml')
  await mkdir(join(dataDir, 'engine'), { recursive: true })
  await writeFile(configFile, serverConfig(options, join(dataDir, 'engine.log'), usersFile))
  await writeFile(usersFile, usersConfig(options))

  let port = options.httpPort
  let child: ChildProcess | undefined
  let stopping = false
  let restarts = 0

  const launch = async () => {
    if (await portTrouble('127.0.0.1', port)) throw portInUse(port)
    const started = spawnEngine(options, port, configFile)
    child = started.child
    await untilReady(started, port)
  }
  for (let attempt = 1; ; attempt++) {
    if (options.httpPort === 0) port = await freePort()
    try {
      await launch()
      break
    } catch (error) {
      // Between finding a free port and listening on it somebody else may have taken it.
      if (options.httpPort !== 0 || attempt === 3 || !String(error).includes('in use')) throw error
    }
  }

  /** Runs until `stop`: waits for the death of the engine and starts it again. */
  const supervision = (async () => {
    let backoff = 0
    while (!stopping) {
      const running = child!
      const readyAt = Date.now()
      const watch = killWhenSilent(running, port, silenceMs, log)
      if (running.exitCode === null && running.signalCode === null) await once(running, 'exit')
      watch.abort()
      if (stopping) return
      log.warn(
        { code: running.exitCode, signal: running.signalCode },
        'the embedded ClickHouse died, starting it again',
      )
      if (Date.now() - readyAt > 60_000) backoff = 0
      for (;;) {
        await sleep(backoff)
        if (stopping) return
        backoff = Math.min(Math.max(100, backoff * 2), maxBackoffMs)
        try {
          restarts++
          await launch()
          break
        } catch (error) {
          if (!stopping) log.error({ err: error }, 'the embedded ClickHouse does not start')
        }
      }
    }
  })()

  return {
    url: `http://127.0.0.1:${port}`,
    pid: () => child?.pid,
    restarts: () => restarts,
    async stop() {
      stopping = true
      await end(child!)
      await supervision
    },
  }
}

interface Started {
  child: ChildProcess
  /** The last it said before it died. */
  lastWords(): string
}

function spawnEngine(options: EngineOptions, port: number, configFile: string): Started {
  const child = spawn(
    process.execPath,
    [
      ...entryArgs('./engine-child', import.meta.url),
      `--path=${join(options.dataDir, 'engine')}`,
      `--config-file=${configFile}`,
      '--log-level=warning',
      '--listen_host=127.0.0.1',
      `--http_port=${port}`,
      // Lasts until our end of its standard input closes, be it because this process died.
      `--query=SYSTEM START LISTEN HTTP; SELECT count() FROM file('-', 'LineAsString', 'line String') FORMAT Null`,
    ],
    {
      // A process group of its own: Ctrl-C goes to the whole group, and the engine must not end before the drain.
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe', ...(options.lockFd === undefined ? [] : [options.lockFd])],
    },
  )
  let tail = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-4000)))
  child.stdin!.on('error', () => undefined)
  const lastWords = () =>
    /Code: \d+\. DB::Exception: (.*)/.exec(tail)?.[1] ?? tail.trim().split('\n').at(-1) ?? 'it said nothing'
  return { child, lastWords }
}

/** Resolves when the engine answers. @throws StartError when it ends before that, or takes too long. */
async function untilReady({ child, lastWords }: Started, port: number): Promise<void> {
  for (const deadline = Date.now() + readyTimeoutMs; Date.now() < deadline; await sleep(25)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      const words = lastWords()
      if (words.includes('Address already in use')) throw portInUse(port)
      throw new StartError(`the embedded ClickHouse does not start: ${words}`)
    }
    if (await answers(port, 1000)) return
  }
  child.kill('SIGKILL')
  throw new StartError(`the embedded ClickHouse did not answer within ${readyTimeoutMs / 1000} s`)
}

async function answers(port: number, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ping`, { signal: AbortSignal.timeout(timeoutMs) })
    return (await response.text()).startsWith('Ok')
  } catch {
    return false
  }
}

const portInUse = (port: number) =>
  new StartError(`port ${port} for the embedded ClickHouse is in use: set HOPSCOPE_ENGINE_HTTP_PORT to another, or 0`)

/**
 * Kills the engine when it has not answered for `silenceMs`; its supervision starts it again. Silence is counted in pings: a process
 * that was stopped itself for so long, or busy, has not asked.
 */
function killWhenSilent(child: ChildProcess, port: number, silenceMs: number, log: Logger): AbortController {
  const watch = new AbortController()
  let unanswered = 0
  let asking = false
  const timer = setInterval(() => {
    if (unanswered++ >= pings) {
      log.error(`the embedded ClickHouse did not answer for ${silenceMs / 1000} s, killing it`)
      child.kill('SIGKILL')
    } else if (!asking) {
      asking = true
      void answers(port, 10_000).then((answered) => {
        asking = false
        if (answered) unanswered = 0
      })
    }
  }, silenceMs / pings)
  timer.unref()
  watch.signal.addEventListener('abort', () => clearInterval(timer))
  return watch
}

/** Closes its standard input, which ends it cleanly; kills it when that takes too long. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.stdin!.end()
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await exited
  clearTimeout(timer)
}

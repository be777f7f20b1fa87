import { fork } from 'node:child_process'
import { once } from 'node:events'
import { pino } from 'pino'
import { entryArgs } from '../storage/entry.ts'
import type { Address, Logger, Running } from '../storage/running.ts'
import { StartError } from '../storage/start-error.ts'

/** One part of the program in a process of its own, and what the two processes say to each other. */

type ToChild = { kind: 'start'; options: unknown } | { kind: 'stop' }
type FromChild = { kind: 'ready'; addresses: Address[] } | { kind: 'failed'; message: string; expected: boolean }

export interface PartOptions {
  /** Module of process/ without extension, such as `./collector`. */
  readonly module: string
  readonly name: string
  /** Handed to the part as it is. */
  readonly options: unknown
  readonly heapMb: number
  /** Further flags of its Node. */
  readonly flags?: readonly string[]
  /** Environment variables, unless this process has them set. */
  readonly env?: Readonly<Record<string, string>>
  readonly log: Logger
}

export interface Part {
  readonly addresses: readonly Address[]
  pid(): number | undefined
  stop(): Promise<void>
}

const maxBackoffMs = 10_000
const stopTimeoutMs = 7_000

/**
 * Runs a part and starts it again when it dies.
 * @throws StartError when it cannot be started the first time.
 */
export async function startPart({ module, name, options, heapMb, flags = [], env, log }: PartOptions): Promise<Part> {
  let stopping = false
  const launch = async () => {
    const [...args] = entryArgs(module, import.meta.url)
    const file = args.pop()!
    const child = fork(file, [], {
      execArgv: [...args, `--max-old-space-size=${heapMb}`, ...flags],
      env: { ...env, ...process.env },
      // Ctrl-C goes to the whole process group, but the order of the end is the supervisor's to give.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const answer = new Promise<FromChild>((resolve) => {
      child.once('message', (message) => resolve(message as FromChild))
      child.once('exit', () =>
        resolve({ kind: 'failed', message: `the ${name} process died at its start`, expected: false }),
      )
    })
    child.send({ kind: 'start', options } satisfies ToChild)
    const message = await answer
    if (message.kind === 'failed') {
      child.kill('SIGKILL')
      throw message.expected ? new StartError(message.message) : new Error(message.message)
    }
    return { child, addresses: message.addresses }
  }

  let { child, addresses } = await launch()
  const supervision = (async () => {
    for (let backoff = 0; ;) {
      const readyAt = Date.now()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      if (stopping) return
      log.warn({ part: name, code: child.exitCode, signal: child.signalCode }, 'a process died, starting it again')
      if (Date.now() - readyAt > 60_000) backoff = 0
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, backoff))
        if (stopping) return
        backoff = Math.min(Math.max(200, backoff * 2), maxBackoffMs)
        try {
          ;({ child, addresses } = await launch())
          break
        } catch (error) {
          log.error({ part: name, err: error }, 'a process does not start')
        }
      }
    }
  })()
  return {
    get addresses() {
      return addresses
    },
    pid: () => child.pid,
    async stop() {
      stopping = true
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.send({ kind: 'stop' } satisfies ToChild, () => undefined)
        const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
        await exited
        clearTimeout(timer)
      }
      await supervision
    },
  }
}

/** The other side: runs in the child. `start` gets the options; the part ends when it is told to or the parent dies. */
export function runPart<Options>(start: (options: Options, log: Logger) => Promise<Running>): void {
  const log = newLog()
  let running: Running | undefined
  const stop = async () => {
    // Also without a supervisor, which would have killed it by then.
    setTimeout(() => process.exit(1), stopTimeoutMs)
    await running?.close()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop())
  process.on('disconnect', () => void stop())
  const tell = (message: FromChild) => process.send?.(message)
  process.on('message', (message: ToChild) => {
    if (message.kind === 'stop') return void stop()
    start(message.options as Options, log).then(
      (started) => {
        running = started
        tell({ kind: 'ready', addresses: started.addresses })
      },
      (error: unknown) => {
        const { message: text, code } = error as NodeJS.ErrnoException
        const inUse = code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL'
        if (!inUse && !(error instanceof StartError)) log.error({ err: error }, 'cannot start')
        tell({ kind: 'failed', message: text, expected: inUse || error instanceof StartError })
      },
    )
  })
}

/** Warnings and worse go to standard error as JSON; standard output is for people. */
export const newLog = (): Logger =>
  pino(
    { level: process.env['LOG_LEVEL'] ?? 'warn', base: { pid: process.pid } },
    pino.destination({ fd: 2, sync: true }),
  )

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { StartError } from '../storage/start-error.ts'
import { readConfig } from './config.ts'

/**
 * `npm run reanalyse -- --from ISO --to ISO [settings]`: asks the running hopscope to analyse the traces that start in
 * [from, to) again, by the rules of now, and tells how far it is. Ends with 0 when all is done.
 */
const usage = `npm run reanalyse -- --from TIME --to TIME [--NAME=value ...]

Analyses the traces that start in [from, to) again, by the rules of now, and replaces their facts and rollups.
TIME: ISO 8601 (2026-01-31T08:00:00Z), Unix ms or ns, now or now-6h. Traces whose spans have expired stay as they are.
Settings are those of npm start, as far as they say where it listens: HOPSCOPE_HOST, HOPSCOPE_PORT, --port=8080.`
const pollMs = 500
/** A server that was killed is started again within this. */
const patienceMs = 60_000

const Progress = z.object({
  id: z.string(),
  state: z.string(),
  traces: z.number(),
  reanalysed: z.number(),
  kept: z.number(),
  failed: z.number(),
})
type Progress = z.infer<typeof Progress>

const say = (line: string) => process.stdout.write(`${line}\n`)
const count = (n: number) => n.toLocaleString('en')

class Refused extends Error {}

/** @throws Refused with what the server says. */
async function ask(url: string, init: RequestInit = {}): Promise<Progress> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) })
  const body: unknown = await response.json().catch(() => ({}))
  if (response.ok) return Progress.parse(body)
  const { detail = `it answered ${response.status}` } = body as { detail?: string }
  // Overload and an engine that is being started again pass.
  if (response.status === 503) throw new Error(detail)
  throw new Refused(detail)
}

function lineOf({ state, traces, reanalysed, kept, failed }: Progress): string {
  const share = traces > 0 ? ` (${Math.min(100, Math.floor((100 * (reanalysed + kept)) / traces))} %)` : ''
  const parts = [
    `${count(reanalysed + kept)} of ${count(traces)} traces${state === 'done' ? '' : share}`,
    ...(kept > 0 ? [`${count(kept)} stay as they are because spans have expired`] : []),
    ...(failed > 0 ? [`the analysis of ${count(failed)} failed`] : []),
  ]
  return `${state}: ${parts.join(', ')}`
}

async function follow(url: string, first: Progress): Promise<Progress> {
  let now = first
  let told = ''
  for (let heardAt = Date.now(); ;) {
    const line = lineOf(now)
    if (line !== told) say((told = line))
    if (now.state === 'done' || now.state === 'cancelled') return now
    await sleep(pollMs)
    try {
      now = await ask(`${url}/${now.id}`)
      heardAt = Date.now()
    } catch (error) {
      if (error instanceof Refused) throw error
      if (Date.now() - heardAt > patienceMs)
        throw new Refused(`${url} does not answer any more; the reanalysis goes on when hopscope does`)
    }
  }
}

async function run(): Promise<void> {
  const { values, tokens } = parseArgs({
    options: { from: { type: 'string' }, to: { type: 'string' }, help: { type: 'boolean' } },
    strict: false,
    tokens: true,
  })
  const { from, to, help } = values
  if (help === true || typeof from !== 'string' || typeof to !== 'string') {
    say(usage)
    process.exitCode = help === true ? 0 : 1
    return
  }
  const settings = tokens.flatMap((token) => {
    if (token.kind !== 'option' || ['from', 'to'].includes(token.name)) return []
    return [token.value === undefined ? token.rawName : `${token.rawName}=${token.value}`]
  })
  const { host, port } = readConfig(process.env, settings, process.cwd())
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/api/v1/reanalyses`
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ from, to }) }
  const asked = await ask(url, init).catch((error: unknown) => {
    if (error instanceof Refused) throw error
    throw new Refused(
      `hopscope does not answer at ${host}:${port}: is it running, and are HOPSCOPE_HOST and HOPSCOPE_PORT its own?`,
    )
  })
  const { state } = await follow(url, asked)
  if (state !== 'done') process.exitCode = 1
}

try {
  await run()
} catch (error) {
  if (!(error instanceof Refused || error instanceof StartError)) throw error
  process.stderr.write(`cannot reanalyse: ${error.message}\n`)
  process.exitCode = 1
}

import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type * as AnalystThread from '../../server/finaliser/analyst-thread.ts'

/** A thread loads compiled code only. */
async function compiled(): Promise<typeof AnalystThread> {
  const build = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))
  expect(spawnSync(process.execPath, [build, '--if-stale', '--server'], { stdio: 'inherit' }).status).toBe(0)
  const module = new URL('../../dist/server/finaliser/analyst-thread.js', import.meta.url).href
  return (await import(module)) as typeof AnalystThread
}

const trace = { traceId: '1'.repeat(32), firstMinute: 0, lastMinute: 0, rows: 1, facts: null, early: false }
const batches = { firstBatchMs: 0, lastBatchMs: 0 }
const order = { job: 1n << 21n, settledAt: 1, traces: [{ ...trace, ...batches, poisonous: false }], again: false }

it(
  'a job that is under way when the analyst is closed is not taken for what killed it',
  { timeout: 120_000 },
  async () => {
    const { AnalystDied, startAnalystThread } = await compiled()
    // A ClickHouse that never answers: the job stays under way.
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const { port } = silent.address() as AddressInfo
    const clickhouseUrl = `http://127.0.0.1:${port}/hopscope`
    const analyst = startAnalystThread({ clickhouseUrl, settings: { networkRttNs: null } })
    const asked = new Promise((resolve) => silent.once('connection', resolve))
    const failure = analyst.run(order).catch((error: unknown) => error)
    await asked
    await analyst.close()
    expect(await failure).toBeInstanceOf(Error)
    expect(await failure).not.toBeInstanceOf(AnalystDied)
    expect(await analyst.run(order).catch((error: unknown) => error)).not.toBeInstanceOf(AnalystDied)
    silent.close()
  },
)

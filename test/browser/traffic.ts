import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { demoRecordings, loadTraces, pick, shiftTraces } from '../../process/demo.ts'
import { eventually } from '../eventually.ts'
import type { RunningHopscope } from '../harness.ts'

// Fixtures are not compiled.
const recordings = fileURLToPath(new URL('../fixtures/recordings', import.meta.url)).replace('/dist/', '/')
/** Of one request: about 1 MB of JSON. */
const tracesPerRequest = 100

/** Sends one export request, OTLP/JSON, and waits until its spans are in ClickHouse: acknowledged, they may be in the spool still. */
export async function send({ otlpHttpUrl }: RunningHopscope, body: unknown): Promise<void> {
  const response = await fetch(`${otlpHttpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`the receiver answered ${response.status}: ${await response.text()}`)
  await eventually(async () =>
    /^hopscope_collector_spool_batches 0$/m.test(await (await fetch(`${otlpHttpUrl}/metrics`)).text()),
  )
}

/**
 * Sends what real proxies and applications sent, shifted so that `traces` traces lie evenly over the last `minutes`, and waits
 * until all of them are on the lists.
 * @param incidentMs when the incident of the demo begins, Unix ms; Infinity: never.
 * @param names of the recordings.
 */
export async function sendRecorded(
  hopscope: RunningHopscope,
  traces: number,
  minutes: number,
  incidentMs = Infinity,
  names: readonly string[] = demoRecordings,
): Promise<void> {
  const recorded = await loadTraces(recordings, names)
  const firstNs = BigInt(Date.now() - minutes * 60_000) * 1_000_000n
  const stepNs = BigInt(Math.floor((minutes * 60e9) / traces))
  for (let sent = 0, round = 1; sent < traces; sent += tracesPerRequest, round++) {
    const starts = Array.from(
      { length: Math.min(tracesPerRequest, traces - sent) },
      (_, i) => firstNs + BigInt(sent + i) * stepNs,
    )
    const picked = starts.map((at, i) => pick(recorded, sent + i, Number(at / 1_000_000n) >= incidentMs))
    await send(hopscope, shiftTraces(picked, starts, round))
  }
  await settled(hopscope, traces)
}

const ask = async ({ engineUrl }: RunningHopscope, sql: string) =>
  Number(await (await fetch(`${engineUrl}/?database=hopscope&query=${encodeURIComponent(sql)}`)).text())

/** Traces that have been analysed. */
export const analysed = (hopscope: RunningHopscope): Promise<number> => ask(hopscope, 'SELECT sum(sign) FROM traces')

/** Resolves when so many traces have been analysed, and are in the rollups, which follow the facts. */
export async function settled(hopscope: RunningHopscope, traces: number): Promise<void> {
  const begun = `SELECT count() FROM (SELECT job FROM jobs GROUP BY job HAVING max(state) < 'rolled')`
  for (const end = Date.now() + 120_000; ; await sleep(200)) {
    const found = await analysed(hopscope)
    if (found >= traces && (await ask(hopscope, begun)) === 0) return
    if (Date.now() > end) throw new Error(`${found} of ${traces} traces were analysed within two minutes`)
  }
}

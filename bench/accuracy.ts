import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { startHopscope } from '../test/harness.ts'
import { claimOf, clean, judge, readTruth, type Claim, type Verdict } from './truth.ts'

/**
 * Sends every recording through a running pipeline and holds what the API answers against the packets. Exit 1 when an
 * in-process time (exact, or its lower bound) is above the truth, more than 0.5 % of a family's are with estimates counted
 * too, added time holds the truth in less than 98 %, a critical path does not sum to the duration, or a proxy is taken
 * for another.
 */
const recordings = new URL('../test/fixtures/recordings/', import.meta.url).pathname.replace('/dist/', '/')
const names = readdirSync(recordings, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
const leastHeld = 0.98
/** Share of requests whose in-process time, estimates included, is not above the truth. */
const leastNotAbove = 0.995

interface Answer {
  durationNs: number | null
  criticalPath: { ns: number }[]
  proxies: (Claim & { role: string })[]
}

const hopscope = await startHopscope({
  HOPSCOPE_NETWORK_RTT_US: '0',
  HOPSCOPE_SETTLE_QUIET_MS: '1000',
  HOPSCOPE_SETTLE_MAX_MS: '60000',
})
const verdicts: Verdict[] = []
const wrong: string[] = []
let traces = 0
let missed = 0
try {
  for (const name of names) {
    const rename = renamed(name)
    const ids = await send(name, rename)
    const truths = groupBy(readTruth(recordings, name), (truth) => truth.trace_id)
    for (const [traceId, recordedId] of ids) {
      const response = await fetch(`${hopscope.apiUrl}/api/v1/traces/${traceId}`)
      if (!response.ok) throw new Error(`${name} ${traceId}: ${response.status} ${await response.text()}`)
      const { durationNs, criticalPath, proxies } = (await response.json()) as Answer
      traces++
      if (criticalPath.reduce((sum, { ns }) => sum + ns, 0) !== (durationNs ?? 0))
        wrong.push(`${name} ${traceId}: the critical path does not sum to the duration`)
      for (const truth of truths.get(recordedId) ?? []) {
        const claim = truth.traced ? claimOf(truth, proxies) : undefined
        if (claim && (claim.family !== truth.kind || claim.role !== truth.role))
          wrong.push(`${name} ${traceId}: ${truth.kind} ${truth.role} is taken for ${claim.family} ${claim.role}`)
        if (!clean(truth)) continue
        if (claim) verdicts.push(judge(truth, claim))
        else missed++
      }
    }
  }
} finally {
  await hopscope.stop()
}

/** Some recordings are made of the traces of another: each gets ids of its own. */
function renamed(name: string): (traceId: string) => string {
  const prefix = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return (traceId) => prefix + traceId.slice(8)
}

/** Returns the ids that its traces got, and those that they were recorded with. */
async function send(name: string, rename: (traceId: string) => string): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  const lines = gunzipSync(readFileSync(join(recordings, name, 'spans.otlp.jsonl.gz')))
    .toString()
    .split('\n')
  for (const line of lines.filter(Boolean)) {
    const body = line.replaceAll(/"traceId": ?"([0-9a-f]{32})"/g, (_, id: string) => {
      ids.set(rename(id), id)
      return `"traceId":"${rename(id)}"`
    })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${hopscope.otlpHttpUrl}/v1/traces`, { method: 'POST', headers, body })
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`)
  }
  return ids
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const rows = [...groupBy(verdicts, (v) => v.family)].map(([family, all]) => {
  const estimated = all.filter((v) => v.estimateNs !== null)
  return {
    family,
    requests: all.length,
    inProcessAboveTruth: all.filter((v) => v.above).length,
    inProcessEstimateAbove: all.filter((v) => v.estimateAbove).length,
    inProcessNotAbove: all.filter((v) => !v.above && !v.estimateAbove).length / all.length,
    addedHoldsTruth: all.filter((v) => v.held).length / all.length,
    estimates: estimated.length,
    truthP50Us: Math.round((median(estimated.map((v) => v.truthNs)) ?? 0) / 1000),
    estimateP50Us: Math.round((median(estimated.map((v) => v.estimateNs ?? 0)) ?? 0) / 1000),
  }
})
console.table(rows)
console.log(
  `${missed} clean traversals have no proxy in their trace (their spans were lost, unsampled or not exported)`,
)
console.log(`${names.length} recordings, ${traces} traces, ${wrong.length} wrong critical paths or roles`)
for (const line of wrong.slice(0, 20)) console.error(line)
const broken = rows.filter(
  (row) => row.inProcessAboveTruth > 0 || row.inProcessNotAbove < leastNotAbove || row.addedHoldsTruth < leastHeld,
)
if (broken.length > 0 || rows.length === 0 || wrong.length > 0) {
  console.error(`bound broken: ${broken.map((row) => row.family).join(', ') || 'critical path or role'}`)
  process.exitCode = 1
}

import { parseArgs } from 'node:util'
import { faultOf, fuzz, type Kind, type Outcome } from './fuzz.ts'
import { otlpJson } from './fuzz-json.ts'
import { otlp } from './fuzz-otlp.ts'
import { fuzzPorts } from './ports.ts'
import { startCollector } from '../../collector/collector.ts'
import { quiet, startEngine } from '../harness.ts'
import { zipkinJson, zipkinProtobuf } from './fuzz-zipkin.ts'

/**
 * `npm run soak -- fuzz [--requests=10000000] [--seed=N] [--kind=NAME [--bodies=HEX,HEX]]`: mutated requests without end; with
 * `--bodies` those that a failure printed. One in 200 goes through the ports of a running collector. Ends with 1 when something differs from the specifications or memory grows.
 */
const kinds: Record<string, Kind> = { otlp, otlpJson, zipkinJson, zipkinProtobuf }
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kind: { type: 'string' },
    bodies: { type: 'string' },
  },
})
/** What may come on top of the memory after a tenth of the requests. */
const mayGrowBytes = 150 * 2 ** 20
/** Of each kind in turn. */
const atOnce = 100_000

if (values.bodies !== undefined) {
  const bodies = values.bodies.split(',').map((hex) => Buffer.from(hex, 'hex'))
  const fault = faultOf(kinds[values.kind ?? 'otlp'] ?? otlp, bodies)
  console.log(fault || 'no fault')
  process.exit(fault ? 1 : 0)
}

const seed = Number(values.seed)
const requests = Number(values.requests)
const chosen = Object.entries(kinds).filter(([name]) => values.kind === undefined || values.kind === name)
const sums: Record<string, Outcome> = {}
let done = 0
let early = 0
let late = 0
console.log(`seed ${seed}`)
for (let round = 0; done < requests && !process.exitCode; round++) {
  const [name, kind] = chosen[round % chosen.length]!
  const { failure, ...outcome } = fuzz(kind, seed + round, Math.min(atOnce, requests - done))
  const sum = (sums[name] ??= { requests: 0, taken: 0, refused: 0, spans: 0, usual: 0 })
  for (const count of ['requests', 'taken', 'refused', 'spans', 'usual'] as const) sum[count] += outcome[count]
  done += outcome.requests
  const rss = Math.round(process.memoryUsage().rss / 2 ** 20)
  if (done <= Math.max(requests / 10, atOnce * chosen.length)) early = Math.max(early, rss)
  else late = Math.max(late, rss)
  console.log(`${done} requests, ${rss} MB`)
  if (failure) {
    console.log(`${name}, seed ${seed + round}: ${failure.fault}`)
    console.log(`npm run soak -- fuzz --kind=${name} --bodies=${failure.reproduction.join(',')}`)
    process.exitCode = 1
  }
}
if (values.kind === undefined && !process.exitCode) {
  const db = await startEngine()
  const ports = { grpcPort: 0, httpPort: 0, zipkinPort: 0 }
  const collector = await startCollector({ clickhouseUrl: db.url, host: '127.0.0.1', ...ports, log: quiet })
  const outcome = await fuzzPorts(collector, db.clickhouse, seed, Math.ceil(requests / 200))
  console.log(JSON.stringify({ ports: outcome }))
  if (outcome.wrong.length > 0) process.exitCode = 1
  await collector.close()
  await db.stop()
}
console.log(JSON.stringify({ seed, ...sums, memoryMb: [early, late] }))
if ((late - early) * 2 ** 20 > mayGrowBytes) {
  console.log('memory grows')
  process.exitCode = 1
}

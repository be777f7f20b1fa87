import { parseArgs } from 'node:util'
import { emptyBatch } from '../collector/pipeline/batch.ts'
import { seal } from '../collector/pipeline/store.ts'
import { Interner } from '../collector/wire/interner.ts'
import { Scanner } from '../collector/wire/scan.ts'
import { SpanColumns } from '../collector/wire/span-columns.ts'
import { generateRequest } from './generate.ts'
import { median, report } from './report.ts'

/**
 * `npm run bench -- scan [--json FILE]`: the collector's scanner alone, requests of 2,000 generated spans on one thread: CPU microseconds a span (so many
 * seconds per million) from body to columns and from columns to the bytes of an INSERT, with WebAssembly and without (docs/adr/0009), in turn.
 */
const { values } = parseArgs({ options: { json: { type: 'string' }, runs: { type: 'string', default: '7' } } })

const requests = Array.from({ length: 16 }, (_, n) => generateRequest(2000, n + 1))
const requestsPerRun = 320
const requestsPerBatch = 32

const cpuMicroseconds = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** One collector's worth of scanning, used again and again. @returns what a run costs, in us a span */
function subject(columns: SpanColumns): () => { scan: number; seal: number } {
  const interner = new Interner()
  const scanner = new Scanner(interner)
  let batch = emptyBatch(columns)
  return () => {
    const took = { scan: 0, seal: 0 }
    let spans = 0
    for (let i = 0; i < requestsPerRun; i++) {
      const request = requests[i % requests.length]!
      request.refresh(Date.now())
      const from = cpuMicroseconds()
      interner.begin(batch.dictionaries, Math.floor(Date.now() / 1000))
      scanner.scan(request.body, batch.spans)
      const scanned = cpuMicroseconds()
      took.scan += scanned - from
      spans += request.spans
      if (i % requestsPerBatch < requestsPerBatch - 1) continue
      seal(batch, BigInt(i), 'bench', Date.now())
      batch = emptyBatch(columns)
      took.seal += cpuMicroseconds() - scanned
    }
    return { scan: took.scan / spans, seal: took.seal / spans }
  }
}

const subjects = { webAssembly: subject(new SpanColumns()), typeScript: subject(new SpanColumns(0)) }
for (const run of Object.values(subjects)) run()
const results = Object.fromEntries(Object.keys(subjects).map((name) => [name, [] as { scan: number; seal: number }[]]))
for (let run = 0; run < Number(values.runs); run++)
  for (const [name, once] of Object.entries(subjects)) results[name]!.push(once())

const of = (name: string, stage: 'scan' | 'seal') =>
  Number(median(results[name]!.map((took) => took[stage])).toFixed(3))
await report('scan', {
  bytesPerSpan: Math.round(requests[0]!.body.length / requests[0]!.spans),
  cpuMicrosecondsPerSpan: Object.fromEntries(
    Object.keys(subjects).map((name) => [name, { scan: of(name, 'scan'), seal: of(name, 'seal') }]),
  ),
})

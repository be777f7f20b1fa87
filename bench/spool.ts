import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { deflateRawSync } from 'node:zlib'
import { emptyBatch } from '../collector/pipeline/batch.ts'
import { seal, type SealedBatch } from '../collector/pipeline/store.ts'
import { Spool } from '../collector/spool/log.ts'
import { Interner } from '../collector/wire/interner.ts'
import { Scanner } from '../collector/wire/scan.ts'
import { generateRequest } from './generate.ts'
import { report } from './report.ts'

/**
 * `npm run bench -- spool [--directory PATH] [--megabytes N] [--json FILE]`: what the spool costs by itself, for batches of 200, 2,000 and 20,000
 * spans: CPU seconds per million spans of writing (checksum, write, fdatasync) and of reading back, time of an append, and what deflate would
 * cost and save.
 */
const { values } = parseArgs({
  options: {
    directory: { type: 'string', default: '.' },
    megabytes: { type: 'string', default: '100' },
    json: { type: 'string' },
  },
})

function batchOf(spans: number): SealedBatch {
  const interner = new Interner()
  const scanner = new Scanner(interner)
  const request = generateRequest(Math.min(spans, 2000), 1)
  // The first brings the dictionaries; they are rare after that.
  const batches = [0, 1].map((n) => {
    const batch = emptyBatch()
    for (let rows = 0; rows < spans; rows += request.spans) {
      request.refresh(Date.now())
      interner.begin(batch.dictionaries, Math.floor(Date.now() / 1000))
      scanner.scan(request.body, batch.spans)
    }
    return seal(batch, BigInt(n), 'bench', Date.now())
  })
  return batches[1]!
}

function cpuSeconds(before?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

async function measure(spans: number) {
  const batch = batchOf(spans)
  const bytes = batch.bodies.reduce((sum, body) => sum + body.length, 0)
  const count = Math.min(500, Math.max(20, Math.floor((Number(values.megabytes) * 2 ** 20) / bytes)))
  const millions = (count * batch.rows) / 1e6
  const directory = await mkdtemp(join(values.directory, '.spool-bench-'))
  const spool = await Spool.open({ directory, maxBytes: 2 ** 40, keepBytes: 0 })
  try {
    const took: number[] = []
    let cpu = process.cpuUsage()
    for (let n = 0; n < count; n++) {
      const from = performance.now()
      await spool.append({ ...batch, id: BigInt(n + 1) }, false)
      took.push(performance.now() - from)
    }
    const written = cpuSeconds(cpu)
    cpu = process.cpuUsage()
    for (const entry of spool.pending()) if (!(await spool.read(entry))) throw new Error('it is not what was written')
    const read = cpuSeconds(cpu)
    const tries = Math.max(1, Math.floor(20_000 / spans))
    cpu = process.cpuUsage()
    let deflated = 0
    for (let n = 0; n < tries; n++)
      deflated = batch.bodies.reduce((sum, body) => sum + deflateRawSync(body, { level: 1 }).length, 0)
    const deflate = cpuSeconds(cpu) / ((tries * batch.rows) / 1e6)
    took.sort((a, b) => a - b)
    const at = (q: number) => Number((took[Math.ceil(q * took.length) - 1] ?? 0).toFixed(1))
    return {
      bytesPerSpan: Math.round(bytes / batch.rows),
      appendMs: { p50: at(0.5), p99: at(0.99) },
      cpuSecondsPerMillionSpans: {
        write: Number((written / millions).toFixed(2)),
        read: Number((read / millions).toFixed(2)),
        deflate: Number(deflate.toFixed(2)),
      },
      deflatedTo: Number((deflated / bytes).toFixed(2)),
    }
  } finally {
    await spool.close()
    await rm(directory, { recursive: true })
  }
}

await report('spool', {
  batchOf200: await measure(200),
  batchOf2000: await measure(2000),
  batchOf20000: await measure(20_000),
})

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { TraceInput } from '../server/analysis/types.ts'
import { tracesOf, type ExportRequest } from './otlp-json.ts'

/** The traces of a recording of real proxies (fixtures/recordings), as the analysis takes them. */
export function recordedTraces(name: string): TraceInput[] {
  const file = new URL(`./fixtures/recordings/${name}/spans.otlp.jsonl.gz`, import.meta.url)
  const lines = gunzipSync(readFileSync(file)).toString().split('\n')
  return tracesOf(lines.filter(Boolean).map((line) => JSON.parse(line) as ExportRequest))
}

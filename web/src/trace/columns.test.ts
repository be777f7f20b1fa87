import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { analyseTrace } from '../../../server/analysis/analyse.ts'
import type { TraceInput } from '../../../server/analysis/types.ts'
import { CompactTrace } from '../../../server/api/contract-columns.ts'
import { compactTraceJson, traceJson } from '../../../server/api/trace-json.ts'
import type { Trace } from '../../../server/api/contract.ts'
import { tracesOf, type ExportRequest } from '../../../test/otlp-json.ts'
import { t1Export } from '../../../test/t1.ts'
import { traceOfColumns } from './columns.ts'
import { indexTrace } from './index.ts'

const examples = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/proxy-span-examples.json', import.meta.url), 'utf8'),
) as ExportRequest[]
const t1 = tracesOf([t1Export('0af7651916cd43dd8448eb211c80319c', 1_700_000_000_000_000_000n)])[0]!

const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const both = (trace: TraceInput) => {
  const analysed = analyseTrace(trace, { networkRttNs: null })
  const compact = sent(compactTraceJson(analysed, true, 0)) as CompactTrace
  return { compact, read: sent(traceOfColumns(compact)), whole: sent(traceJson(analysed, true, 0)) }
}

describe('a trace out of columns is the very one that scripts get', () => {
  it.each([t1, ...tracesOf(examples)].map((trace) => [trace.traceId, trace] as const))('%s', (_, trace) => {
    const { compact, read, whole } = both(trace)
    expect(CompactTrace.parse(compact)).toEqual(compact)
    expect(read).toEqual(whole)
    // Drawn by numbers in the one, by instants in the other.
    const placesIn = (of: Trace) => {
      const { spans, path, extent, rawExtent } = indexTrace(of)
      const places = [...spans.values()].map(({ id, from, to, rawFrom }) => [id, from, to, rawFrom])
      return { places, path: path.map(({ span, from, to }) => [span.id, from, to]), extent, rawExtent }
    }
    expect(placesIn(traceOfColumns(compact))).toEqual(placesIn(whole as Trace))
  })

  it('with lost parents, lost roots, clocks set back, events, links, odd keys and times long before and after', () => {
    const attributes = new Map([
      ['__proto__', 'taken'],
      ['constructor', 'too'],
      ['7', 'a number'],
      ['', 'no key'],
    ])
    const day = 86_400e9
    const spans = t1.spans
      .filter((_, i) => i !== 2)
      .map((span, i) => ({
        ...span,
        attributes,
        ...(i === 4 && { duration: -5 }),
        ...(i === 5 && { start: 90 * day }),
        ...(i === 6 && { start: -3 * day }),
        events: i % 3 === 0 ? [{ name: 'first byte', time: 12, attributes }] : [],
        links: i % 4 === 0 ? [{ traceId: 'f'.repeat(32), spanId: '1'.repeat(16) }] : [],
      }))
    const odd = both({ ...t1, spans })
    expect(odd.read).toEqual(odd.whole)
    const early = both({ ...t1, baseUnixNano: 5n, spans })
    expect(early.read).toEqual(early.whole)
    const rootless = both({ ...t1, spans: spans.filter(({ parentId }) => parentId !== '') })
    expect(rootless.read).toEqual(rootless.whole)
  })

  it('in a fraction of the bytes', () => {
    const spans = Array.from({ length: 2_000 }, (_, i) => ({
      ...t1.spans[0]!,
      spanId: (i + 1).toString(16).padStart(16, '0'),
      parentId: i === 0 ? '' : '0000000000000001',
      start: i * 10,
    }))
    const { compact, whole } = both({ ...t1, spans })
    const { spans: long, criticalPath, proxies, hops } = whole as Trace
    expect(JSON.stringify(compact.columns).length).toBeLessThan(
      JSON.stringify([long, criticalPath, proxies, hops]).length / 5,
    )
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { analyseTrace } from '../../../server/analysis/analyse.ts'
import type { TraceInput } from '../../../server/analysis/types.ts'
import type { CompactTrace } from '../../../server/api/contract-columns.ts'
import { tracePage } from '../../../server/trace-page/page.ts'
import { traceJson } from '../../../server/api/trace-json.ts'
import type { Trace } from '../../../server/api/contract.ts'
import { tracesOf, type ExportRequest } from '../../../test/otlp-json.ts'
import { t1Export } from '../../../test/t1.ts'
import { traceOfColumns } from './columns.ts'
import { indexTrace } from './index.ts'
import { unpack } from './unpack.ts'

const examples = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/proxy-span-examples.json', import.meta.url), 'utf8'),
) as ExportRequest[]
const t1 = tracesOf([t1Export('0af7651916cd43dd8448eb211c80319c', 1_700_000_000_000_000_000n)])[0]!

const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const both = (trace: TraceInput) => {
  const analysed = analyseTrace(trace, { networkRttNs: null })
  const page = tracePage(analysed, true, 0)
  const columns = () => traceOfColumns(unpack(page.slice().buffer as ArrayBuffer) as CompactTrace)
  return { page, columns, read: sent(columns()), whole: sent(traceJson(analysed, true, 0)) }
}

describe('a trace out of columns is the very one that scripts get', () => {
  it.each([t1, ...tracesOf(examples)].map((trace) => [trace.traceId, trace] as const))('%s', (_, trace) => {
    const { columns, read, whole } = both(trace)
    expect(read).toEqual(whole)
    // Drawn by numbers in the one, by ids and instants in the other.
    const drawn = (of: Trace) => {
      const index = indexTrace(of)
      const { spans, tops, path, extent, rawExtent, proxySpan } = index
      const places = spans.list.map((span) => {
        const { id, from, to, rawFrom, parent, children, proxy } = span
        const hops = index.hopsFrom(span).map(({ hopId }) => hopId)
        const ids = children.map((child) => child.id)
        return [
          id,
          from,
          to,
          rawFrom,
          parent?.id,
          ids,
          proxy?.spanId,
          proxy && [index.topOf(proxy)?.id, index.spansOf(proxy).map((each) => each.id)],
          span.class,
          hops,
        ]
      })
      const segments = Array.from(path.span, (at, i) => [at, path.from[i], path.to[i], path.class(i)])
      return {
        places,
        tops: tops.map(({ id }) => id),
        segments,
        extent,
        rawExtent,
        proxySpan: [...Array.from(proxySpan)],
      }
    }
    expect(drawn(columns())).toEqual(drawn(whole as Trace))
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
    const { page, whole } = both({ ...t1, spans })
    expect(page.length).toBeLessThan(JSON.stringify(whole).length / 5)
  })
})

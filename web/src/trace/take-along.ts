/** What of a trace goes into the clipboard or a file. */
import { apiPath } from '../api/get.ts'
import type { CsvCell } from '../format/csv.ts'
import { copySaying } from '../components/copy.ts'
import { copyCommands, saveCommands } from '../hop/tables.ts'
import type { Command } from '../shell/commands.svelte.ts'
import type { Measure, WireTrace } from './wire.ts'

const measureHeads = (name: string) => [`${name} ns`, `${name} at least ns`, `${name} at most ns`, `${name} level`]
const measureCells = ({ ns, loNs, hiNs, fidelity }: Measure): CsvCell[] => [ns, loNs, hiNs, fidelity]

export function traceCopyCommands(trace: WireTrace): Command[] {
  const { traceId, spans, hops, proxies } = trace
  const address = apiPath(`/traces/${traceId}`)
  const query = window.location.origin + address
  const of = `trace ${traceId}`
  return [
    {
      words: 'Copy trace id',
      group: 'Copy',
      run: () => copySaying('Trace id', traceId),
    },
    ...copyCommands(of, [{ text: 'Trace', address }], []),
    { words: 'Copy spans', group: 'Copy', detail: 'SQL', run: () => copySaying('SQL of the spans', spansSql(trace)) },
    ...saveCommands(
      of,
      'spans',
      () => ({
        head: [
          ...['span id', 'parent span id', 'service', 'name', 'kind', 'role', 'status'],
          ...['start unix ns', 'placed start unix ns', 'duration ns', ...measureHeads('self time')],
        ],
        rows: spans.map((span) => [
          ...[span.spanId, span.parentSpanId, span.service, span.name, span.kind, span.role, span.status],
          ...[span.startUnixNano, span.placedStartUnixNano, span.durationNs, ...measureCells(span.self)],
        ]),
      }),
      query,
    ),
    ...saveCommands(
      of,
      'hops',
      () => ({
        head: ['hop id', 'kind', 'caller', 'callee', ...measureHeads('transit')],
        rows: hops.map(({ hopId, kind, caller, callee, transit }) => [
          ...[hopId, kind, caller?.service ?? null, callee?.service ?? null, ...measureCells(transit)],
        ]),
      }),
      query,
    ),
    ...saveCommands(
      of,
      'proxies',
      () => ({
        head: ['proxy id', 'name', 'family', 'role', ...measureHeads('added'), ...measureHeads('in process')],
        rows: proxies.map(({ proxyId, name, family, role, added, overhead }) => [
          ...[proxyId, name, family, role, ...measureCells(added), ...measureCells(overhead)],
        ]),
      }),
      query,
    ),
  ]
}

/** The raw spans, as they were received; minutes are the first key of their table. */
function spansSql({ traceId, spans }: WireTrace): string {
  let [first, last] = ['9'.repeat(20), '0']
  for (const { startUnixNano } of spans) {
    if (BigInt(startUnixNano) < BigInt(first)) first = startUnixNano
    if (BigInt(startUnixNano) > BigInt(last)) last = startUnixNano
  }
  const minute = (unixNano: string) => `toStartOfMinute(fromUnixTimestamp64Nano(${unixNano}, 'UTC'))`
  return `SELECT lower(hex(span_id)) AS span_id, lower(hex(parent_id)) AS parent_id, service, name, start, duration, attrs
FROM spans
WHERE toStartOfMinute(start) BETWEEN ${minute(first)} AND ${minute(last)}
  AND trace_id = unhex('${traceId}')
ORDER BY start, span_id`
}

import type { TraceSummary } from '../../../server/api/contract-catalogue.ts'
import type { Tax } from '../../../server/api/contract.ts'
import type { Table } from '../hop/tables.ts'

const taxHeads = (name: string) => [`${name} tax lower ns`, `${name} tax upper ns`, `${name} tax estimate ns`]
const taxCells = (tax: Tax | null) => [tax?.lowerNs ?? null, tax?.upperNs ?? null, tax?.estimateNs ?? null]

/** The traces that are shown, as a file. */
export const tracesTable = (traces: readonly TraceSummary[]): Table => ({
  name: 'traces',
  head: [
    ...['trace id', 'start unix ns', 'duration ns', 'root service', 'root name', 'spans', 'hops', 'error'],
    ...[...taxHeads('mesh'), ...taxHeads('gateway')],
  ],
  rows: traces.map((trace) => [
    ...[trace.traceId, trace.startUnixNano, trace.durationNs, trace.rootService, trace.rootName],
    ...[trace.spanCount, trace.hopCount, String(trace.error)],
    ...[...taxCells(trace.meshTax), ...taxCells(trace.gatewayTax)],
  ]),
})

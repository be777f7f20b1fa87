/** What can be asked about the facts behind each measure: fields, and the columns they are. Everything of the filter that becomes SQL text is in this file. */
import type { ExploreMeasure } from '../../api/contract-explore.ts'

export type Dataset = 'proxies' | 'hops' | 'traces'

export interface Field {
  readonly kind: 'text' | 'number' | 'duration'
  /** Over the columns of the facts: a String, or a number. */
  readonly sql: string
  readonly means: string
  /** Can be grouped by, and is looked at for differences. */
  readonly isKey: boolean
}

const text = (sql: string, means: string): Field => ({ kind: 'text', sql: `toString(${sql})`, means, isKey: true })
const number = (sql: string, means: string): Field => ({ kind: 'number', sql, means, isKey: true })

const outcome: Field = { kind: 'text', sql: "if(error, 'error', 'ok')", means: 'ok or error', isKey: true }
const places = {
  environment: text('environment', 'deployment environment'),
  cluster: text('cluster', 'cluster'),
  namespace: text('namespace', 'namespace'),
}
const took: Field = { kind: 'duration', sql: 'value', means: 'the measure itself', isKey: false }
const ofTrace: Field = { kind: 'duration', sql: 'trace_duration', means: 'the whole request', isKey: false }

/** By their names in a filter. `proxy` and `service` are compiled apart (conditions.ts): their sql is for groups. */
export const fields: Readonly<Record<Dataset, Readonly<Record<string, Field>>>> = {
  proxies: {
    proxy: { kind: 'text', sql: "leftPad(lower(hex(entity)), 16, '0')", means: 'name or id of the proxy', isKey: true },
    family: text('family', 'envoy, krakend …'),
    role: text('role', 'gateway, sidecar-inbound …'),
    version: text('version', 'of the proxy'),
    instance: text('instance', 'pod or host of the proxy'),
    node: text('node', 'machine of the proxy'),
    zone: text('zone', 'availability zone of the proxy'),
    service: { kind: 'text', sql: "''", means: 'who calls through it, or is called', isKey: false },
    caller: text('caller', 'who calls through it'),
    callee: text('callee', 'what it calls'),
    route: text('route', 'route or path template'),
    status: number('status', 'HTTP status, 0 where none is known'),
    outcome,
    attempts: number('attempts', 'upstream attempts'),
    responseFlags: text('response_flags', 'of Envoy: UF, UH, NR …'),
    localReply: {
      kind: 'text',
      sql: "if(local_reply, 'yes', 'no')",
      means: 'answered by the proxy itself',
      isKey: true,
    },
    ...places,
    took,
    trace: ofTrace,
  },
  hops: {
    hop: { kind: 'text', sql: "leftPad(lower(hex(entity)), 16, '0')", means: 'id of the hop', isKey: false },
    proxy: { kind: 'text', sql: "''", means: 'name or id of a proxy on the way', isKey: false },
    family: { kind: 'text', sql: "''", means: 'of a proxy on the way: envoy, krakend …', isKey: false },
    kind: text('kind', 'entry, internal, exit'),
    service: { kind: 'text', sql: "''", means: 'caller or callee', isKey: false },
    caller: text('caller', 'service'),
    callee: text('callee', 'service'),
    route: text('route', 'route or path template'),
    dataPlane: text('data_plane', 'none, gateway, sidecar, waypoint, both'),
    version: text('callee_version', 'of the callee'),
    callerNode: text('caller_node', 'machine of the caller'),
    calleeNode: text('callee_node', 'machine of the callee'),
    zone: { kind: 'text', sql: "''", means: 'of caller or callee', isKey: false },
    zones: text('zone_pair', 'zones of caller and callee'),
    status: number('status', 'HTTP status, 0 where none is known'),
    outcome,
    attempts: number('attempts', 'attempts on the way'),
    ...places,
    took,
    trace: ofTrace,
  },
  traces: {
    service: { kind: 'text', sql: 'root_service', means: 'a service that took part', isKey: false },
    proxy: { kind: 'text', sql: "''", means: 'name or id of a proxy that took part', isKey: false },
    hop: { kind: 'text', sql: "''", means: 'id of a hop that took part', isKey: false },
    family: { kind: 'text', sql: "''", means: 'of a proxy that took part', isKey: false },
    version: { kind: 'text', sql: "''", means: 'of a proxy that took part', isKey: false },
    zone: { kind: 'text', sql: "''", means: 'of a proxy that took part', isKey: false },
    dataPlane: { kind: 'text', sql: "''", means: 'of a hop that took part', isKey: false },
    root: text('root_service', 'service that the request began in'),
    name: text('root_name', 'operation that the request began with'),
    route: text('route', 'route or path template'),
    outcome,
    hops: number('hop_count', 'hops of the request'),
    proxies: number('proxy_count', 'proxies the request went through'),
    ...places,
    took,
  },
}

export interface MeasureColumns {
  readonly dataset: Dataset
  /** Identifiers that the dataset's .sql takes. */
  readonly columns: Readonly<Record<string, string>>
}

const ofProxy = (column: string): MeasureColumns => ({
  dataset: 'proxies',
  columns: { valueColumn: column, hiColumn: `${column}_hi`, levelColumn: `${column}_fidelity` },
})
const ofWhole = (lo: string, hi: string, estimate: string): MeasureColumns => ({
  dataset: 'traces',
  columns: { loColumn: lo, hiColumn: hi, estimateColumn: estimate },
})

export const measures: Readonly<Record<ExploreMeasure, MeasureColumns>> = {
  added: ofProxy('added'),
  overhead: ofProxy('overhead'),
  requestPath: ofProxy('request_path'),
  responsePath: ofProxy('response_path'),
  transit: {
    dataset: 'hops',
    columns: { valueColumn: 'transit', hiColumn: 'transit_hi', levelColumn: 'transit_fidelity' },
  },
  // It has no bounds: known exactly or not at all.
  wire: { dataset: 'hops', columns: { valueColumn: 'wire', hiColumn: 'wire', levelColumn: 'transit_fidelity' } },
  endToEnd: ofWhole('duration', 'duration', 'nothing'),
  meshTax: ofWhole('mesh_lower', 'mesh_upper', 'mesh_estimate'),
  gatewayTax: ofWhole('gateway_lower', 'gateway_upper', 'gateway_estimate'),
}

/** `span.net.protocol`, `resource.k8s.pod.name`; undefined for a field of facts. */
export function attributeOf(key: string): { of: 'span' | 'resource'; name: string } | undefined {
  const [, of, name] = /^(span|resource)\.(.+)$/s.exec(key) ?? []
  return name === undefined ? undefined : { of: of as 'span' | 'resource', name }
}

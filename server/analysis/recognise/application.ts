import { SpanKind } from '../types.ts'
import type { Pattern } from './pattern.ts'

/** How an application's spans differ from packets, by what made them (algorithms.md 1.3 and D4b); the first row that holds. */
export interface Emission {
  readonly when: Pattern
  /** σ in ns: how much later than the packet a SERVER span may end. */
  readonly slack: number
  /** Grid of starts in ns; durations are exact all the same. */
  readonly grid?: number
  /** The SERVER span starts late. */
  readonly lateStart?: boolean
}

const ms = 1_000_000
const { server } = SpanKind
const language = (name: string) => ({ resource: { 'telemetry.sdk.language': name } })
const nodeHttp = { scope: /^@opentelemetry\/instrumentation-(http|undici)$/, ...language('nodejs') }

export const emissions: readonly Emission[] = [
  // Node's http instrumentation cuts starts to whole milliseconds and ends SERVER spans after the response has left.
  { when: { ...nodeHttp, kind: server }, slack: ms, grid: ms },
  { when: nodeHttp, slack: 0, grid: ms },
  { when: { ...language('nodejs'), kind: server }, slack: ms },
  // WSGI servers start theirs late.
  { when: { scope: /flask|wsgi|django/, kind: server, ...language('python') }, slack: 0, lateStart: true },
  { when: { scope: /flask|wsgi|django/, kind: server }, slack: 0.2 * ms, lateStart: true },
  { when: { ...language('go') }, slack: 0 },
  { when: { ...language('python') }, slack: 0 },
  { when: { kind: server }, slack: 0.2 * ms },
  { when: {}, slack: 0 },
]

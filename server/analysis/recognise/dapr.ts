import { SpanKind, type SpanInput } from '../types.ts'
import type { Family } from './family.ts'
import { present } from './pattern.ts'
import type { ProcessFacts } from './process.ts'

/**
 * Dapr: the caller's sidecar answers the application's call with a CLIENT span, the callee's with a SERVER span (rules
 * D1, D2 of proxy-spans.md 2.2). Its service name is the application's id, mostly the application's own name.
 */
export const dapr: Family = {
  family: 'dapr',
  product: 'dapr',
  oneCall: true,
  // State, bindings, secrets and topics: what they call has no spans.
  terminal: {
    any: [{ attributes: { 'db.system': present } }, { kind: SpanKind.producer }],
  },
  gate: { any: [{ scope: 'dapr-diagnostics' }, { anyAttribute: 'dapr.' }] },
  rules: [
    { id: 'D1', when: { kind: [SpanKind.client, SpanKind.producer] }, leg: 'down', role: 'sidecar-outbound' },
    { id: 'D2', when: { kind: SpanKind.server }, leg: 'down', role: 'sidecar-inbound' },
  ],
  identity: (_span: SpanInput, process: ProcessFacts) => ({
    instance: process.instance && `daprd ${process.instance}`,
  }),
}

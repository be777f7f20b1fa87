import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'
import { present } from './pattern.ts'

/** Tyk: its resource says so, its spans are those of otelhttp (rules Y1-Y3 of proxy-spans.md 2.2). */
export const tyk: Family = {
  family: 'tyk',
  product: 'tyk',
  oneCall: true,
  slack: 0,
  endsAtHeaders: true,
  gate: {
    any: [
      { resource: { 'tyk.gw.id': present } },
      { resource: { 'tyk.gw.dataplane': present } },
      { anyAttribute: 'tyk.' },
    ],
  },
  rules: [
    { id: 'Y1', when: { kind: SpanKind.server }, leg: 'down' },
    { id: 'Y3', when: { kind: SpanKind.client }, leg: 'up' },
    { id: 'Y2', when: { kind: SpanKind.internal }, leg: 'stage' },
  ],
}

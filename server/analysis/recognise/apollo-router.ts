import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'

/** Apollo Router: calls subgraphs, at once or in turn (rules P1-P3 of proxy-spans.md 2.2). */
export const apolloRouter: Family = {
  family: 'apollo-router',
  product: 'apollo-router',
  oneCall: false,
  endsAtHeaders: true,
  gate: { scope: 'apollo-router' },
  rules: [
    { id: 'P1', when: { kind: SpanKind.server }, leg: 'down' },
    { id: 'P2', when: { kind: SpanKind.client, name: 'http_request' }, leg: 'up' },
    { id: 'P3', when: {}, leg: 'stage' },
  ],
}

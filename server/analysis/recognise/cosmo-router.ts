import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'

/** WunderGraph Cosmo Router: calls subgraphs, at once or in turn (rules W1, W2 of proxy-spans.md 2.2). */
export const cosmoRouter: Family = {
  family: 'cosmo-router',
  product: 'cosmo-router',
  oneCall: false,
  endsAtHeaders: true,
  inProcess: true,
  slack: 0,
  rules: [
    {
      id: 'W1',
      when: {
        any: [
          { attributes: { 'wg.router.root_span': 'true' } },
          { attributes: { 'wg.component.name': 'router-server' } },
        ],
      },
      leg: 'down',
    },
    { id: 'W2', when: { anyAttribute: 'wg.', kind: SpanKind.client }, leg: 'up' },
    { id: 'W2', when: { anyAttribute: 'wg.', kind: SpanKind.internal }, leg: 'stage' },
  ],
}

import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'

/** Caddy: one SERVER span a request (rule C1 of proxy-spans.md 2.2). Its scope is that of half of all Go programs. */
export const caddy: Family = {
  family: 'caddy',
  product: 'caddy',
  oneCall: true,
  slack: 0,
  gate: { resource: { 'webengine.name': /caddy/i } },
  rules: [{ id: 'C1', when: { kind: SpanKind.server }, leg: 'down' }],
}

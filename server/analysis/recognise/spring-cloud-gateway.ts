import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'
import type { Pattern } from './pattern.ts'

/**
 * Spring Cloud Gateway: by Micrometer its CLIENT span, by the Java agent its SERVER span carries the route (rule R2 of
 * proxy-spans.md 2.2); the other side is a library's. Zuul with Sleuth says its name.
 */
const { server, client, internal, unset } = SpanKind
const routed: Pattern = {
  any: [{ anyAttribute: 'spring.cloud.gateway.' }, { anyAttribute: 'spring-cloud-gateway.' }],
}
const zuul: Pattern = { any: [{ attributes: { component: 'zuul' } }, { attributes: { lc: 'zuul' } }] }
const base = { family: 'spring-cloud-gateway', oneCall: true, endsAtHeaders: true, inProcess: true } as const

export const springCloudGateway: Family = {
  ...base,
  product: 'spring-cloud-gateway',
  gate: routed,
  rules: [
    { id: 'R2', when: { kind: client }, leg: 'up', promotes: ['server'] },
    { id: 'R2', when: { kind: server }, leg: 'down', promotes: ['clients'] },
  ],
}

export const springZuul: Family = {
  ...base,
  product: 'zuul',
  gate: zuul,
  rules: [
    { id: 'R2', when: { kind: server }, leg: 'down', promotes: ['clients'] },
    { id: 'R2', when: { kind: [client, internal, unset] }, leg: 'up', promotes: ['server'] },
  ],
}

import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'
import { present } from './pattern.ts'

/** NGINX: one SERVER span, whichever module made it (rules N1, N2 of proxy-spans.md 2.2). */
const base = { family: 'nginx', oneCall: false } as const
const gate = { scope: 'nginx', kind: SpanKind.server }

/** opentelemetry-cpp-contrib's module, as in ingress-nginx. Before N1, which its usual service name fits too. */
export const ingressNginx: Family = {
  ...base,
  product: 'ingress-nginx',
  gate,
  rules: [{ id: 'N2', when: { attributes: { 'http.server_name': present, 'http.flavor': present } }, leg: 'down' }],
}

/** F5's ngx_otel_module: start and end are NGINX's cached clock of a millisecond, so a duration is off by up to two. */
export const nginx: Family = {
  ...base,
  product: 'nginx',
  gate,
  rules: [
    {
      id: 'N1',
      when: { any: [{ resource: { 'service.name': /nginx/ } }, { attributes: { 'net.sock.peer.addr': present } }] },
      leg: 'down',
    },
  ],
  coarse: 2_000_000,
}

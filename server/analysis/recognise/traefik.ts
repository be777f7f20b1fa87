import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'
import { present } from './pattern.ts'

/** Traefik v3 (rules T1-T3 of proxy-spans.md 2.2) and the OpenTracing names of v2 (T4). */
const base = { family: 'traefik', oneCall: true, slack: 0 } as const
const { server, client, unset } = SpanKind

export const traefik: Family = {
  ...base,
  product: 'traefik',
  endsAtHeaders: true,
  gate: { scope: 'github.com/traefik/traefik' },
  rules: [
    { id: 'T1', when: { kind: server }, leg: 'down' },
    { id: 'T2', when: { kind: client, name: 'ReverseProxy' }, leg: 'up' },
    { id: 'T3', when: { kind: client }, leg: 'aside' },
    { id: 'T3', when: {}, leg: 'stage' },
  ],
}

export const traefik2: Family = {
  ...base,
  product: 'traefik-v2',
  rules: [
    {
      id: 'T4',
      when: { name: /^EntryPoint ./, attributes: { component: present }, kind: server },
      leg: 'down',
    },
    { id: 'T4', when: { name: /^forward [^/]+\/./, kind: [client, unset] }, leg: 'up', alone: 'app' },
  ],
}

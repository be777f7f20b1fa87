import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'
import { present } from './pattern.ts'

/** A Cloudflare Worker that fetches from somewhere is a gateway, else an application (rule F1 of proxy-spans.md 2.2). */
export const cloudflareWorkers: Family = {
  family: 'cloudflare-workers',
  product: 'cloudflare-workers',
  oneCall: false,
  endsAtHeaders: true,
  inProcess: true,
  gate: {
    any: [
      { resource: { 'cloud.platform': 'cloudflare.workers' } },
      { resource: { 'telemetry.sdk.name': 'cloudflare' } },
    ],
  },
  rules: [
    {
      id: 'F1',
      when: {
        kind: SpanKind.client,
        none: [{ attributes: { 'db.system.name': present } }, { attributes: { 'db.system': present } }],
      },
      leg: 'up',
      alone: 'app',
      promotes: ['server'],
    },
  ],
}

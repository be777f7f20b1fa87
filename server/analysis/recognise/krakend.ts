import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'

/**
 * KrakenD: krakend-otel (rules K1-K4 of proxy-spans.md 2.2), whichever of its layers are on, and the opencensus names of
 * releases up to 2.5 (K5). Its upstream calls are calls to different backends; `concurrent_calls` repeats one of them.
 */
const base = { family: 'krakend', product: 'krakend', oneCall: false, slack: 0 } as const
const { internal, server, client, unset } = SpanKind
const stage = (name: string) => ({ attributes: { 'krakend.stage': name } })

export const krakend: Family = {
  ...base,
  endsAtHeaders: true,
  gate: { any: [{ scope: /^io\.krakend\.krakend-otel/ }, { attributes: { 'krakend.stage': /./ } }] },
  rules: [
    { id: 'K4', when: { name: 'http.client.response.read.tracker' }, leg: 'body' },
    { id: 'K1', when: stage('global'), leg: 'down' },
    { id: 'K3', when: { ...stage('backend-request'), kind: client }, leg: 'up' },
    { id: 'K2', when: { kind: [internal, unset] }, leg: 'stage' },
    // Stages of other names, from later versions.
    { id: 'K1', when: { kind: server }, leg: 'down' },
    { id: 'K3', when: { kind: client }, leg: 'up' },
    { id: 'K2', when: {}, leg: 'stage' },
  ],
  // Nothing behind the router.
  localReply: { attributes: { 'http.route': '404 Not Found' } },
}

/** The spans around and below these are those of Go's HTTP libraries. */
export const krakendOpencensus: Family = {
  ...base,
  inProcess: true,
  rules: [
    {
      id: 'K5',
      when: { kind: [internal, unset], name: /^(pipe|backend)-\// },
      leg: 'stage',
      promotes: ['server', 'clients'],
    },
  ],
}

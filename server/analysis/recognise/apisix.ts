import type { Family } from './family.ts'
import { present, type Pattern } from './pattern.ts'

/** Apache APISIX: its phases are SERVER spans too, so the kind decides nothing (rules A1-A3 of proxy-spans.md 2.2). */
const base = { family: 'apisix', oneCall: true } as const
const phase: Pattern = { name: /^apisix\.phase\./ }
const step: Pattern = {
  name: /^(http_router_match|sni_radixtree_match|ssl_client_hello_phase|resolve_dns|fetch_secret)$/,
}

export const apisix: Family = {
  ...base,
  product: 'apisix',
  rules: [
    { id: 'A2', when: { any: [phase, { ...step, resource: { 'service.name': 'APISIX' } }] }, leg: 'stage' },
    { id: 'A1', when: { anyAttribute: 'apisix.' }, leg: 'down' },
    // The operator renamed the service: an APISIX span above says whose step it is.
    { id: 'A2', when: step, leg: 'stage', alone: 'app' },
  ],
  localReply: { attributes: { 'apisix.response_source': /^(apisix|nginx)$/ } },
}

export const apisixZipkin: Family = {
  ...base,
  product: 'apisix',
  gate: { attributes: { component: 'apisix' } },
  rules: [
    { id: 'A3', when: { name: 'apisix.proxy' }, leg: 'up' },
    { id: 'A3', when: { name: 'apisix.request' }, leg: 'down' },
    { id: 'A3', when: { attributes: { 'http.method': present } }, leg: 'down' },
    { id: 'A3', when: {}, leg: 'stage' },
  ],
}

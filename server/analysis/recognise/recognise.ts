import type { Attributes, ResourceInput, SpanInput } from '../types.ts'
import { recogniseApplication } from './application.ts'
import { recogniseCaddy } from './caddy.ts'
import { attribute, processFacts, type Emitter } from './emitter.ts'
import { envoyKeys, recogniseEnvoy } from './envoy.ts'
import { krakendKeys, recogniseKrakend } from './krakend.ts'

/** First match wins; the order of proxy-spans.md section 2. */
const families = [recogniseEnvoy, recogniseKrakend, recogniseCaddy]
const followsFromKey = 'opentracing.ref_type'
const decisiveKeys: ReadonlySet<string> = new Set([...envoyKeys, ...krakendKeys, followsFromKey])

/** Names that decide: spans that differ in nothing else have one emitter. */
const decisiveName = /^(router|async|egress) |^http\.client\.response\.read\.tracker$/

interface Known {
  readonly resource: ResourceInput
  readonly scope: string
  readonly kind: number
  /** Decisive name and attributes of the span itself; '' mostly. */
  readonly own: string
  readonly emitter: Emitter
}
/** Few per attribute set: mostly one resource. */
const bySet = new WeakMap<Attributes, Known[]>()
const mostKnown = 256

/** What emitted a span, and the span's side of the traversal. Spans with equal decisive parts share one object. */
export function recognise(span: SpanInput): Emitter {
  let known = bySet.get(span.attributeSet)
  if (!known) bySet.set(span.attributeSet, (known = []))
  const own = ownDecisive(span)
  const { resource, kind } = span
  const scope = span.scope.name
  for (const one of known)
    if (one.resource === resource && one.kind === kind && one.scope === scope && one.own === own) return one.emitter
  const emitter = build(span)
  if (known.length >= mostKnown) known.length = 0
  known.push({ resource, scope, kind, own, emitter })
  return emitter
}

function ownDecisive(span: SpanInput): string {
  let own = decisiveName.test(span.name) ? span.name : ''
  for (const key of span.attributes.keys()) if (decisiveKeys.has(key)) own += `\n${key}=${span.attributes.get(key)}`
  return own
}

function build(span: SpanInput): Emitter {
  const process = processFacts(span.resource)
  let found: Partial<Emitter> | undefined
  for (const family of families) if ((found = family(span, process))) break
  const emitter = {
    ...process,
    ...(found ?? recogniseApplication(span, process)),
    followsFrom: attribute(span, followsFromKey) === 'follows_from',
    memo: { identity: null, hops: [], shapes: new Map() },
  } as Emitter
  return emitter.instance ? emitter : { ...emitter, instance: emitter.service }
}

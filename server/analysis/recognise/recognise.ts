import type { Attributes, ResourceInput, SpanInput } from '../types.ts'
import { recogniseApplication } from './application.ts'
import { recogniseCaddy } from './caddy.ts'
import { processFacts, type Emitter } from './emitter.ts'
import { envoyKeys, recogniseEnvoy } from './envoy.ts'
import { krakendKeys, recogniseKrakend } from './krakend.ts'

/** First match wins; the order of proxy-spans.md section 2. */
const families = [recogniseEnvoy, recogniseKrakend, recogniseCaddy]
const decisiveKeys: readonly string[] = [...envoyKeys, ...krakendKeys]

/** Names that decide: spans that differ in nothing else have one emitter. */
const decisiveName = /^(router|async|egress) |^http\.client\.response\.read\.tracker$/

interface Known {
  /** Of the last span seen with this attribute set: emitters come in runs. */
  readonly byResource: WeakMap<ResourceInput, Map<string, Emitter>>
}
const bySet = new WeakMap<Attributes, Known>()

/** What emitted a span, and the span's side of the traversal. Spans with equal decisive parts share one object. */
export function recognise(span: SpanInput): Emitter {
  let known = bySet.get(span.attributeSet)
  if (!known) bySet.set(span.attributeSet, (known = { byResource: new WeakMap() }))
  let emitters = known.byResource.get(span.resource)
  if (!emitters) known.byResource.set(span.resource, (emitters = new Map()))
  const key = cacheKey(span)
  let emitter = emitters.get(key)
  if (!emitter) {
    emitter = build(span)
    if (emitters.size < 1000) emitters.set(key, emitter)
  }
  return emitter
}

const kinds = ['0', '1', '2', '3', '4', '5']

function cacheKey(span: SpanInput): string {
  let key = span.scope.name === '' ? (kinds[span.kind] ?? '0') : span.scope.name + (kinds[span.kind] ?? '0')
  if (decisiveName.test(span.name)) key += span.name
  if (span.attributes.size > 0)
    for (const decisive of decisiveKeys) {
      const value = span.attributes.get(decisive)
      if (value !== undefined) key += `\n${decisive}=${value}`
    }
  return key
}

function build(span: SpanInput): Emitter {
  const process = processFacts(span.resource)
  let found: Partial<Emitter> | undefined
  for (const family of families) if ((found = family(span, process))) break
  const emitter = { ...process, ...(found ?? recogniseApplication(span, process)), shapes: new Map() } as Emitter
  return emitter.instance ? emitter : { ...emitter, instance: emitter.service }
}

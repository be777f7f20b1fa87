import type { Attributes, ResourceInput, SpanInput } from '../types.ts'
import { internalised } from '../internalised.ts'
import { emissions } from './application.ts'
import { digestOf } from './digest.ts'
import { newMemo, wordKeys, type Emitter } from './emitter.ts'
import { families } from './families.ts'
import type { Family, Rule } from './family.ts'
import { attribute, predicate, present, type Pattern, type Predicate } from './pattern.ts'
import { processFacts, type ProcessFacts } from './process.ts'
import { streamingPatterns } from './streaming.ts'
import { timingKeys } from './timing.ts'
import { familiesOf, type UserRule } from './user-rule.ts'

/** What emitted a span, and the span's side of a traversal, as far as the span alone tells. */
export type Recognise = (span: SpanInput) => Emitter

const recognisers = new WeakMap<readonly UserRule[], Recognise>()
const noRules: readonly UserRule[] = []

/** The recogniser for these user rules; one for each list of them, so keep the list. */
export function recogniserFor(rules: readonly UserRule[] = noRules): Recognise {
  let recognise = recognisers.get(rules)
  if (!recognise) recognisers.set(rules, (recognise = open([...familiesOf(rules), ...families])))
  return recognise
}

interface Known {
  readonly resource: ResourceInput
  readonly kind: number
  readonly scope: string
  /** The one it was last seen with, of those that tests tell no difference between. */
  name: string
  /** The parts of its digest: of the name, and of the attributes of the span itself. */
  readonly ofName: string
  readonly own: string
  readonly emitter: Emitter
}

/** Kinds, scopes and digests kept for one resource and attribute set: mostly there is one. */
const mostKnown = 64
/** Looked through before they are looked up by resource. */
const mostLately = 16

const timedPattern: Pattern = { any: timingKeys.map((key) => ({ attributes: { [key]: present } })) }
/** What else of a span's own attributes its emitter is made of. */
const statusKeys = ['http.response.status_code', 'http.status_code']
const outcomePattern: Pattern = { attributes: { error: 'true', canceled: 'true' } }
const followsFromPattern: Pattern = { attributes: { 'opentracing.ref_type': 'follows_from' } }

/** Spans that differ in nothing that a rule looks at share one emitter, so it is worked out once. */
function open(all: readonly Family[]): Recognise {
  const rows = all.flatMap((family) => rowsOf(family))
  const ways = emissions.map(({ when, ...emission }) => ({ holds: predicate(when), ...emission }))
  const streams = streamingPatterns.map(predicate)
  const timed = predicate(timedPattern)
  const followsFrom = predicate(followsFromPattern)
  const patterns = [
    ...all.flatMap(({ gate, rules, localReply, terminal, cutOff }) => [
      ...[gate, localReply, terminal, cutOff].filter((pattern) => pattern !== undefined),
      ...rules.map((rule) => rule.when),
    ]),
    ...emissions.map((emission) => emission.when),
    ...streamingPatterns,
    timedPattern,
    followsFromPattern,
    outcomePattern,
  ]
  const valueKeys = [...statusKeys, ...all.flatMap((family) => family.identityKeys ?? [])]
  const digest = digestOf(patterns, valueKeys, wordKeys)
  const byResource = new WeakMap<ResourceInput, WeakMap<Attributes, Known[]>>()

  const build = (span: SpanInput): Emitter => {
    const process = processFacts(span.resource)
    const traits: Traits = {
      streaming: streams.some((one) => one(span)),
      timed: timed(span),
      followsFrom: followsFrom(span),
      ownWords: wordKeys.some((key) => span.attributes.has(key)),
      ...outcomeOf(span),
    }
    const row = rows.find(({ holds }) => holds(span))
    const facts = { ...process, ...row?.family.identity?.(span, process) }
    if (row && row.rule.leg !== 'app') return emitterOf(facts, { ...partOf(span, row), ...traits })
    const { slack, grid = 0, lateStart = false } = ways.find(({ holds }) => holds(span))!
    return emitterOf(facts, { ...application, rule: row?.rule.id ?? '', slack, grid, lateStart, ...traits })
  }

  /** What a set was lately seen with: mostly it is that of a few emitters. */
  const lately = new WeakMap<Attributes, Known[]>()

  const find = (span: SpanInput, own: string): Known => {
    const { resource, kind, name } = span
    let bySet = byResource.get(resource)
    if (!bySet) byResource.set(resource, (bySet = new WeakMap()))
    let known = bySet.get(span.attributeSet)
    if (!known) bySet.set(span.attributeSet, (known = []))
    const scope = span.scope.name
    const ofName = digest.ofName(name)
    for (const one of known)
      if (one.kind === kind && one.scope === scope && one.own === own && one.ofName === ofName) {
        one.name = name
        return one
      }
    const one = { resource, kind, scope, name, ofName, own, emitter: build(span) }
    if (known.length >= mostKnown) known.length = 0
    known.push(one)
    return one
  }

  return (span) => {
    const own = digest.ofAttributes(span.attributes)
    const seen = lately.get(span.attributeSet)
    if (seen !== undefined)
      for (const one of seen)
        if (
          one.resource === span.resource &&
          one.kind === span.kind &&
          one.own === own &&
          one.scope === span.scope.name &&
          (one.name === span.name || one.ofName === digest.ofName(span.name))
        )
          return one.emitter
    const one = find(span, own)
    if (seen === undefined) lately.set(span.attributeSet, [one])
    else {
      if (seen.length >= mostLately) seen.length = 0
      seen.push(one)
    }
    return one.emitter
  }
}

interface Row {
  readonly family: Family
  readonly rule: Rule
  readonly holds: Predicate
  readonly localReply: Predicate
  readonly terminal: Predicate
  readonly cutOff: Predicate
}

const never: Predicate = () => false

function rowsOf(family: Family): Row[] {
  const gate = family.gate && predicate(family.gate)
  const localReply = family.localReply ? predicate(family.localReply) : never
  const terminal = family.terminal ? predicate(family.terminal) : never
  const cutOff = family.cutOff ? predicate(family.cutOff) : never
  return family.rules.map((rule) => {
    const when = predicate(rule.when)
    return { family, rule, localReply, terminal, cutOff, holds: gate ? (span) => gate(span) && when(span) : when }
  })
}

type Traits = Pick<Emitter, 'streaming' | 'timed' | 'followsFrom' | 'status' | 'error' | 'unanswered' | 'ownWords'>

function outcomeOf(span: SpanInput): Pick<Emitter, 'status' | 'error' | 'unanswered'> {
  const status = Number(attribute(span, 'http.response.status_code') ?? attribute(span, 'http.status_code'))
  const error = attribute(span, 'error') === 'true'
  return {
    status: status >= 100 && status <= 999 ? Math.floor(status) : 0,
    error,
    unanswered: error || attribute(span, 'canceled') === 'true' || attribute(span, 'http.status_code') === '0',
  }
}

type Part = Omit<Emitter, keyof ProcessFacts | 'memo'>

/** What is said of an application's span. */
const application = {
  family: '',
  product: '',
  rule: '',
  leg: 'app',
  role: 'app',
  settle: null,
  alone: null,
  promotesServer: false,
  promotesClients: false,
  oneCall: false,
  endsAtHeaders: false,
  inProcess: false,
  localReply: false,
  terminal: false,
  cutOff: false,
  coarse: 0,
} as const

function partOf(span: SpanInput, { family, rule, localReply, terminal, cutOff }: Row): Part {
  return {
    ...application,
    ...{ family: family.family, product: family.product, rule: rule.id, leg: rule.leg, role: rule.role ?? 'gateway' },
    settle: rule.settle ?? null,
    alone: rule.alone ?? null,
    promotesServer: rule.promotes?.includes('server') ?? false,
    promotesClients: rule.promotes?.includes('clients') ?? false,
    oneCall: family.oneCall,
    endsAtHeaders: family.endsAtHeaders ?? false,
    inProcess: family.inProcess ?? false,
    localReply: localReply(span),
    terminal: terminal(span),
    cutOff: cutOff(span),
    ...{ streaming: false, timed: false, followsFrom: false, lateStart: false },
    ...{ status: 0, error: false, unanswered: false, ownWords: false },
    slack: family.slack ?? 200_000,
    grid: family.coarse ?? 0,
    coarse: family.coarse ?? 0,
  }
}

/** One order of fields for all, so that the hot code sees one shape of object; its words are compared again and again. */
function emitterOf(facts: ProcessFacts, part: Part): Emitter {
  return {
    service: internalised(facts.service),
    environment: internalised(facts.environment),
    cluster: internalised(facts.cluster),
    namespace: internalised(facts.namespace),
    workload: internalised(facts.workload || facts.service),
    version: internalised(facts.version),
    instance: internalised(facts.instance || facts.service),
    node: internalised(facts.node),
    zone: internalised(facts.zone),
    pod: internalised(facts.pod),
    podIp: internalised(facts.podIp),
    machine: internalised(facts.machine),
    language: internalised(facts.language),
    family: part.family,
    product: part.product,
    rule: part.rule,
    leg: part.leg,
    role: part.role,
    settle: part.settle,
    alone: part.alone,
    promotesServer: part.promotesServer,
    promotesClients: part.promotesClients,
    oneCall: part.oneCall,
    endsAtHeaders: part.endsAtHeaders,
    inProcess: part.inProcess,
    localReply: part.localReply,
    terminal: part.terminal,
    cutOff: part.cutOff,
    streaming: part.streaming,
    timed: part.timed,
    slack: part.slack,
    grid: part.grid,
    coarse: part.coarse,
    lateStart: part.lateStart,
    followsFrom: part.followsFrom,
    status: part.status,
    error: part.error,
    unanswered: part.unanswered,
    ownWords: part.ownWords,
    memo: newMemo(),
  }
}

/** The same process in another part. */
export function recast(emitter: Emitter, key: string, part: Partial<Omit<Emitter, 'memo'>>): Emitter {
  let other = emitter.memo.recast.get(key)
  if (!other) {
    const whole = { ...emitter, ...part }
    other = emitterOf(whole, whole)
    emitter.memo.recast.set(key, other)
  }
  return other
}

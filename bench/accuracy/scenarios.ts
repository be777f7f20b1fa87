import { constant, drifting, stepping, type Clock } from './clocks.ts'
import { exported, exportOf, type Exported } from './otlp.ts'
import { randomFrom, type Random } from './random.ts'
import { simulate, type MadeRequest } from './simulate.ts'
import { world } from './worlds.ts'

export const scenarioNames = [
  'clocks apart',
  'clocks apart, 5 % bad samples',
  'clocks drift and step',
  'spans lost at random',
  'a layer lost',
  'tails lost',
  'sent two and three times',
  'reordered and late',
  'sampled at the head',
] as const
export type ScenarioName = (typeof scenarioNames)[number]

/** A request of a scenario, and what became of it. */
export interface Sent {
  readonly request: MadeRequest
  /** Spans of it that were sent, and that it is all of them. */
  readonly kept: ReadonlySet<string>
  readonly whole: boolean
}

export interface Scenario {
  readonly name: ScenarioName
  /** In the names of its workloads and nodes. */
  readonly prefix: string
  /** By trace id: those of which at least one span is sent. */
  readonly sent: ReadonlyMap<string, Sent>
  /** Requests that there were, sampled or not, and the weight of each that was sampled. */
  readonly requests: number
  readonly weight: number
  /** Bodies of exports, in the order in which they are sent; every round is sent when the one before is analysed. */
  readonly rounds: readonly (readonly string[])[]
  /** Spans in all bodies up to the end of each round, copies included. */
  readonly rows: readonly number[]
  /** A node's clock against the truth, ns ahead. */
  readonly clocks: ReadonlyMap<string, Clock>
  /** The node whose clock nobody disciplines: no one offset of a window is right. */
  readonly free: string | undefined
}

/** Rounds that begin new requests; what is late comes in the one after. */
const newRounds = 3
const perExport = 20
const spreadMs = 15 * 60_000
/** Of this share of requests a node's clock reads something else altogether: two nodes to an exchange make 5 %. */
const glitches = 0.025
/** tracestate's threshold for three of four requests dropped. */
const threshold = 'c'

const traces: Record<ScenarioName, number> = {
  'clocks apart': 900,
  'clocks apart, 5 % bad samples': 600,
  'clocks drift and step': 600,
  'spans lost at random': 400,
  'a layer lost': 300,
  'tails lost': 300,
  'sent two and three times': 240,
  'reordered and late': 300,
  'sampled at the head': 1200,
}

/** @param untilMs Unix ms that all requests lie before. */
export function scenario(name: ScenarioName, seed: number, untilMs: number): Scenario {
  const index = scenarioNames.indexOf(name)
  const random = randomFrom(seed * 1000 + index)
  const prefix = `acc${index}`
  const { nodes, request } = world(prefix, random)
  const sinceMs = untilMs - spreadMs
  const stepMs = Math.round(sinceMs + spreadMs / 2)
  const clocks = new Map(nodes.map((node, i) => [node, clockOf(name, i, random, sinceMs, stepMs)]))
  const count = traces[name]
  const sent = new Map<string, Sent>()
  const rounds: string[][] = []
  const rows: number[] = []
  let held: Exported[] = []
  for (let round = 0; round <= newRounds; round++) {
    const from = Math.round((round / newRounds) * count)
    const to = round === newRounds ? from : Math.round(((round + 1) / newRounds) * count)
    const bodies = held.length > 0 ? [exportOf(held)] : []
    let spans = held.length
    held = []
    for (let first = from; first < to; first += perExport) {
      const some: Exported[] = []
      for (let i = first; i < Math.min(to, first + perExport); i++) {
        const { route, client } = request(random)
        const made = simulate(random, route, client)
        if (name === 'sampled at the head' && !random.chance(0.25)) continue
        const startMs = Math.round(sinceMs + (spreadMs * (i + 0.5)) / count)
        const bad = new Set(name.endsWith('bad samples') ? nodes.filter(() => random.chance(glitches)) : [])
        const wrong = 1e6 * (1 + random.below(30)) * random.pick([-1, 1])
        const offsetOf = (node: string) => clocks.get(node)!(startMs) + (bad.has(node) ? wrong : 0)
        const all = exported(made, startMs, offsetOf, name === 'sampled at the head' ? `ot=th:${threshold}` : '')
        const kept = keep(name, all, random, round)
        if (kept.length === 0) continue
        const ids = new Set(kept.map(({ made: { id } }) => id))
        sent.set(made.traceId, { request: made, kept: ids, whole: kept.length === all.length })
        const isLate = name === 'reordered and late' && random.chance(0.3)
        for (const span of kept) (isLate && random.chance(0.3) ? held : some).push(span)
      }
      const exports = exportsOf(name, some, random)
      bodies.push(...exports.map(exportOf))
      spans += exports.reduce((sum, list) => sum + list.length, 0)
    }
    rounds.push(bodies)
    rows.push((rows.at(-1) ?? 0) + spans)
  }
  const weight = name === 'sampled at the head' ? 4 : 1
  const free = name === 'clocks drift and step' ? nodes[3] : undefined
  return { name, prefix, sent, requests: count, weight, rounds, rows, clocks, free }
}

function clockOf(name: ScenarioName, node: number, random: Random, sinceMs: number, stepMs: number): Clock {
  if (name !== 'clocks drift and step') return constant(random)
  if (node === 0) return constant(random)
  return node === 1 ? stepping(random, stepMs) : drifting(random, node === 2 ? 0.2 : 20, sinceMs)
}

function keep(name: ScenarioName, all: readonly Exported[], random: Random, round: number): readonly Exported[] {
  if (name === 'spans lost at random') return all.filter(() => !random.chance(0.03))
  // An exporter is away for a third of the time: all that the sidecars of one workload would have sent.
  if (name === 'a layer lost')
    return round === 1
      ? all.filter(({ process }) => !/-(stock|orders)\.shop$/.test(process.resource['service.name']!))
      : all
  if (name === 'tails lost' && random.chance(0.5)) {
    const ends = Math.max(...all.map(({ made }) => made.to)) * random.share()
    return all.filter(({ made }) => made.to <= ends)
  }
  return all
}

function exportsOf(name: ScenarioName, spans: readonly Exported[], random: Random): Exported[][] {
  const byProcess = [...spans].sort((a, b) =>
    a.process.resource['service.name']! < b.process.resource['service.name']! ? -1 : 1,
  )
  const usual = split(byProcess, 3)
  if (name === 'sent two and three times') return [...usual, ...usual, ...split(shuffled(spans, random), 5)]
  if (name === 'reordered and late') return split(shuffled(spans, random), 6)
  return usual
}

function split<T>(list: readonly T[], parts: number): T[][] {
  const size = Math.ceil(list.length / parts)
  return Array.from({ length: parts }, (_, i) => list.slice(i * size, (i + 1) * size)).filter((part) => part.length > 0)
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const mixed = [...list]
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!]
  }
  return mixed
}

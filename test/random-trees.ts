import type { SpanInput, TraceInput } from '../server/analysis/types.ts'
import { picture } from './picture.ts'

/** Who may emit a span of a random tree: several clocks, applications and proxies of every role. */
const emitters = ['go:a', 'go:b', 'node:c', 'in:d', 'out:e', 'gateway:f', 'up:f', 'krakend:k']
const kinds = ['S', 'C', 'I', 'P', 'Q']
const templates = emitters.flatMap((who) => kinds.map((kind) => picture(`x ${kind} ${who} 0-1`).spans[0]!))
const [rootTemplate] = picture('r S go:a 0-1').spans as [SpanInput]

/** Reproducible integers from 0 to below n. */
export function randomIntegers(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

/**
 * A root of 1 ms with 1 to 12 spans below it that begin and end anywhere, also before, after and around their parents; some
 * end before they start, many begin or end at the same instant as others. Roots are `r`, others s0, s1 …; ns.
 */
export function randomTree(random: (n: number) => number): TraceInput {
  const root: SpanInput = { ...rootTemplate, start: 0, duration: 1_000_000 }
  const count = 1 + random(12)
  // A coarse grid of times makes ties, a fine one overlaps smaller than any tolerance.
  const grid = [1, 500, 20_000][random(3)]!
  const spans = Array.from({ length: count }, (_, i): SpanInput => {
    const start = random(1_200_000) - 100_000
    const duration = random(20) === 0 ? -random(1000) : random(1_000_000)
    return {
      ...templates[random(templates.length)]!,
      spanId: `s${i}`,
      parentId: i === 0 || random(3) === 0 ? 'r' : `s${random(i)}`,
      start: Math.round(start / grid) * grid,
      duration: Math.round(duration / grid) * grid,
    }
  })
  return { traceId: '0af7651916cd43dd8448eb211c80319c', baseUnixNano: 0n, spans: [root, ...spans] }
}

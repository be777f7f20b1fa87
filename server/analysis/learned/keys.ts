import type { LearnedSettings } from './learned.ts'

/** What an analysis asks for of what many traces taught. */
export interface LearnedKeys {
  readonly clocks: Set<string>
  /** Machines and zones that a wire lies between. */
  readonly places: Set<string>
  readonly edges: Set<string>
  readonly services: Set<string>
}

export const noKeys = (): LearnedKeys => ({
  clocks: new Set(),
  places: new Set(),
  edges: new Set(),
  services: new Set(),
})

/** The same lookups, which put down what they are asked for. */
export function noting({ offset, wire, callee, emitter }: LearnedSettings, keys: LearnedKeys): LearnedSettings {
  return {
    offset(from, to, atMs) {
      keys.clocks.add(from).add(to)
      return offset?.(from, to, atMs)
    },
    wire(from, to, atMs) {
      for (const place of [from.machine, to.machine, from.zone, to.zone]) keys.places.add(place)
      return wire?.(from, to, atMs) ?? null
    },
    callee(edge, atMs) {
      keys.edges.add(edge)
      return callee?.(edge, atMs)
    },
    emitter(service, scope, atMs) {
      keys.services.add(service)
      return emitter?.(service, scope, atMs)
    },
  }
}

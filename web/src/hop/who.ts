/** Whose time a bar shows and how sure it is, as the paints of trace/Patterns.svelte. */
import type { Fidelity, Role } from '../../../server/api/contract.ts'
import type { Paint } from '../trace/paint.ts'

export type Who = Role | 'hop' | 'retry'

/** @param withWire the proxy sends one span, so that its own work and the wire behind it are one difference. */
export function paintOf(who: Who, withWire = false): Paint {
  switch (who) {
    case 'hop':
      return 'wire'
    case 'retry':
      return 'retry'
    case 'app':
      return 'app'
    case 'gateway':
    case 'middleware-stage':
      return withWire ? 'gateway-wire' : 'gateway'
    default:
      return withWire ? 'sidecar-wire' : 'sidecar'
  }
}

const tints: Readonly<Partial<Record<Paint, string>>> = {
  gateway: 'var(--gateway-tint)',
  sidecar: 'var(--sidecar-tint)',
  wire: 'var(--wire-tint)',
}

/** The fill of what is not measured exactly, where the exact one is solid; undefined where the pattern stays. */
export function tintOf(paint: Paint, fidelity: Fidelity): string | undefined {
  return fidelity === 'exact' ? undefined : tints[paint]
}

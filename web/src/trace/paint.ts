/** What a piece of a bar looks like: fill says who, hatch which way, edge how sure. Patterns are in Patterns.svelte. */
import { groupOf, type GroupKey } from '../format/groups.ts'
import type { PieceKind, Way } from './pieces.ts'
import type { RowKind } from './rows.ts'
import type { Role } from './wire.ts'

export type Paint =
  'app' | 'gateway' | 'gateway-wire' | 'sidecar' | 'sidecar-wire' | 'wire' | 'retry' | 'outside' | 'unknown'

const paintOfGroups: Record<GroupKey, Paint> = {
  gateway: 'gateway',
  'gateway-or-wire': 'gateway-wire',
  sidecar: 'sidecar',
  'sidecar-or-wire': 'sidecar-wire',
  wire: 'wire',
  retry: 'retry',
  external: 'outside',
  unknown: 'unknown',
  app: 'app',
}

export const paintOfGroup = (group: GroupKey): Paint => paintOfGroups[group]

export const paintOf = (kind: Exclude<PieceKind, 'waiting' | 'backoff'>): Paint => paintOfGroups[groupOf(kind)]

const solid: Record<Paint, string> = {
  app: 'var(--app)',
  gateway: 'var(--gateway)',
  'gateway-wire': 'var(--gateway-tint)',
  sidecar: 'var(--sidecar)',
  'sidecar-wire': 'var(--sidecar-tint)',
  wire: 'var(--wire-tint)',
  retry: 'var(--retry-tint)',
  outside: 'none',
  unknown: 'none',
}

const edges: Record<Paint, string> = {
  app: 'var(--app-edge)',
  gateway: 'var(--gateway)',
  'gateway-wire': 'var(--gateway)',
  sidecar: 'var(--sidecar)',
  'sidecar-wire': 'var(--sidecar)',
  wire: 'var(--wire)',
  retry: 'var(--retry)',
  outside: 'var(--app-edge)',
  unknown: 'var(--unknown)',
}

export function edgeOf(paint: Paint): string {
  return edges[paint]
}

const hatched: ReadonlySet<Paint> = new Set(['gateway', 'gateway-wire', 'sidecar', 'sidecar-wire', 'wire'])
const dotted: ReadonlySet<Paint> = new Set(['gateway-wire', 'sidecar-wire', 'wire'])

/** Below this a hatch is noise. */
const narrowestHatch = 4

export function fillOf(paint: Paint, way: Way, width: number): string {
  if (width < narrowestHatch) return paint === 'outside' || paint === 'unknown' ? 'none' : edges[paint]
  if (way !== 'none' && hatched.has(paint)) return `url(#paint-${paint}-${way})`
  return dotted.has(paint) || paint === 'retry' ? `url(#paint-${paint})` : solid[paint]
}

/** Edge of a row's waiting pieces: whose span it is. A hop's bar is the caller's view of it, so it stays grey. */
export function ownerEdge(kind: RowKind, role: Role): string {
  if (kind === 'hop') return edges.app
  if (kind === 'upstream' || kind === 'attempt') return edges.wire
  if (role === 'gateway') return edges.gateway
  return role === 'app' || role === 'middleware-stage' ? edges.app : edges.sidecar
}

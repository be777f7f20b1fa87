import type { Role } from '../../../server/api/contract.ts'

/** What stands beside the name of a proxy, where its mark says the rest: one workload has a sidecar either way. */
const words: Record<Role, string> = {
  app: '',
  gateway: 'gateway',
  'sidecar-inbound': 'inbound',
  'sidecar-outbound': 'outbound',
  waypoint: 'waypoint',
  'l4-proxy': 'layer 4',
  'middleware-stage': 'stage',
}

export function roleWord(role: Role): string {
  return words[role]
}

/** Whose colour a proxy has. */
export function sideOf(role: Role): 'gateway' | 'sidecar' {
  return role === 'gateway' || role === 'middleware-stage' ? 'gateway' : 'sidecar'
}

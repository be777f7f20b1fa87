import { cluster, envoyBase } from './envoy.ts'
import type { Family } from './family.ts'

/** Emissary, formerly Ambassador: clusters begin with `cluster_` (E11b). */
export const emissary: Family = {
  ...envoyBase,
  product: 'emissary',
  rules: [{ id: 'E11b', when: cluster(/^cluster_/), leg: 'down' }],
}

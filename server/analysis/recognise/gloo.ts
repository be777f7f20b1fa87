import { cluster, envoyBase } from './envoy.ts'
import type { Family } from './family.ts'

/** Gloo: clusters are `<upstream>_<namespace>`, told apart where that is its own namespace (E11b). */
export const gloo: Family = {
  ...envoyBase,
  product: 'gloo',
  rules: [{ id: 'E11b', when: cluster(/_gloo-system;?$/), leg: 'down' }],
}

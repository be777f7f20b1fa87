import { cluster, envoyBase } from './envoy.ts'
import type { Family } from './family.ts'

/** Contour: clusters are `<namespace>/<service>/<port>/<hash>` (E11). */
export const contour: Family = {
  ...envoyBase,
  product: 'contour',
  rules: [
    {
      id: 'E11',
      when: {
        all: [cluster(/^[^/]+\/[^/]+\/[^/]+\/[0-9a-f]+;?$/)],
        any: [{ resource: { 'service.name': 'contour' } }, { scope: 'envoy' }],
      },
      leg: 'down',
    },
  ],
}

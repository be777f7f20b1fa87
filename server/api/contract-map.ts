/** What the API answers about all hops of a window and the proxies on their way at once: what a map is drawn from. */
import { z } from 'zod'
import { Distribution, Instant } from './contract.ts'
import { HopItem, ProxyItem } from './contract-measurements.ts'

export const MapHop = HopItem.omit({ viaProxies: true, segments: true }).extend({
  wire: Distribution.describe('at the level with most requests; n = 0 where no wire is told apart'),
})
export type MapHop = z.infer<typeof MapHop>

export const MapProxy = ProxyItem.omit({
  instances: true,
  requestPath: true,
  responsePath: true,
  retry: true,
}).describe('over all its hops, also those that the place asked for leaves out')
export type MapProxy = z.infer<typeof MapProxy>

export const ServiceMap = z.object({
  from: Instant,
  to: Instant,
  hops: z.array(MapHop).describe('most requests first; `via` names ids of `proxies`'),
  proxies: z.array(MapProxy).describe('those on the way of `hops`, most requests first'),
})
export type ServiceMap = z.infer<typeof ServiceMap>

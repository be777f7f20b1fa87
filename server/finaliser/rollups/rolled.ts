import type {
  Hop,
  Measure,
  PathSegment,
  ProxyIdentity,
  ProxyTraversal,
  Tax,
  TraceAnalysis,
} from '../../analysis/types.ts'

/**
 * What the rollups need of facts: of those that a job writes (a TraceAnalysis is one) and of those read back, to be taken
 * back or rolled up after a crash. Both give the same numbers.
 */
export type RolledMeasure = Pick<Measure, 'ns' | 'hiNs' | 'fidelity'>
export type RolledTax = Pick<Tax, 'lowerNs' | 'upperNs' | 'estimateNs'>

export interface RolledProxy extends Pick<ProxyTraversal, 'error' | 'flags' | 'caller' | 'callee' | 'retry'> {
  readonly identity: Pick<ProxyIdentity, 'proxyId' | 'environment' | 'cluster' | 'namespace'>
  readonly added: RolledMeasure
  readonly overhead: RolledMeasure
  readonly requestPath: RolledMeasure
  readonly responsePath: RolledMeasure
}

export interface RolledHop extends Pick<
  Hop,
  'hopId' | 'environment' | 'cluster' | 'namespace' | 'error' | 'flags' | 'via'
> {
  readonly caller: { readonly service: string } | null
  readonly callee: { readonly service: string } | null
  readonly transit: RolledMeasure
  readonly wire: Pick<Measure, 'ns' | 'fidelity'>
  readonly segments: readonly Pick<Hop['segments'][number], 'class' | 'ns' | 'fidelity'>[]
}

export interface RolledTrace extends Pick<
  TraceAnalysis,
  'environment' | 'cluster' | 'namespace' | 'rootService' | 'rootName' | 'duration' | 'error' | 'flags' | 'services'
> {
  readonly proxies: { readonly length: number }
  readonly tax: { readonly mesh: RolledTax; readonly gateway: RolledTax } | null
  readonly criticalPath: readonly Pick<PathSegment, 'class' | 'ns'>[]
}

/** The classes of a hop's segments (algorithms.md D7) in words, in the order of a request. */
import type { SegmentClass } from '../../../server/api/contract.ts'

interface Words {
  readonly title: string
  readonly means: string
}

export const segmentWords: Readonly<Record<SegmentClass, Words>> = {
  'gateway.proc': { title: 'Gateway', means: 'in the gateway’s process' },
  'gateway.out+wire': {
    title: 'Gateway or wire',
    means: 'the gateway sends one span: its work and the wire behind it',
  },
  'proxy.out+wire': { title: 'Sidecar or wire', means: 'the sidecar sends one span: its work and the wire behind it' },
  'proxy.proc': { title: 'Sidecar', means: 'in the sidecar’s or waypoint’s process' },
  wire: { title: 'Network and wake-up', means: 'between two processes: network, kernel, TLS, waking up' },
  'proxy.in': { title: 'Inbound sidecar', means: 'its work and the loopback to the application' },
  loopback: { title: 'Loopback', means: 'between an application and its own sidecar' },
  retry: { title: 'Retries', means: 'failed attempts and back-off' },
  external: { title: 'Outside', means: 'a system that sends no spans' },
  app: { title: 'Application', means: 'an application’s own time' },
  unknown: { title: 'Unknown', means: 'nobody’s spans say' },
}

const order = Object.keys(segmentWords) as SegmentClass[]

export function inOrderOfRequest<Segment extends { readonly class: SegmentClass }>(
  segments: readonly Segment[],
): Segment[] {
  return [...segments].sort((a, b) => order.indexOf(a.class) - order.indexOf(b.class))
}

/** Segments one after the other, as shares 0..1 of their sum. A mean below zero (within the tolerance) has no width. */
export function stackOf<Segment extends { readonly meanNs: number }>(segments: readonly Segment[]) {
  const totalNs = segments.reduce((sum, { meanNs }) => sum + meanNs, 0)
  const drawnNs = segments.reduce((sum, { meanNs }) => sum + Math.max(0, meanNs), 0)
  let end = 0
  const parts = segments.flatMap((segment) => {
    if (segment.meanNs <= 0) return []
    const from = end
    end += segment.meanNs / drawnNs
    return [{ ...segment, from, to: end }]
  })
  return { totalNs, parts }
}

import { sameClock } from './clock/domain.ts'
import { Flag } from './flags.ts'
import { exact, modelled, unknown } from './measure.ts'
import type { Node } from './node.ts'
import { offsetTo, synchronous, type Clocks } from './place.ts'
import { SpanKind, type Measure, type QueueWait } from './types.ts'

const none: readonly QueueWait[] = []

/**
 * Section 3, messaging: how long a message lay between its producer's end and its consumer's start, for consumers below their
 * producer and for those that name it by a link, as far as it is of this trace. In no path, no hop and no tax.
 */
export function queueWaits(order: readonly Node[], traceId: string, clocks: Clocks): readonly QueueWait[] {
  let found: QueueWait[] | undefined
  let byId: Map<string, Node> | undefined
  for (const consumer of order) {
    if (consumer.input.kind !== SpanKind.consumer) continue
    const producers = new Set<Node>()
    if (consumer.parent?.input.kind === SpanKind.producer) producers.add(consumer.parent)
    for (const link of consumer.input.links) {
      if (link.traceId !== traceId) continue
      byId ??= new Map(order.map((node) => [node.input.spanId, node]))
      const linked = byId.get(link.spanId)
      if (linked?.input.kind === SpanKind.producer) producers.add(linked)
    }
    for (const producer of producers)
      (found ??= []).push({
        producerSpanId: producer.id,
        consumerSpanId: consumer.id,
        wait: waitOf(producer, consumer, clocks),
      })
  }
  return found ?? none
}

function waitOf(producer: Node, consumer: Node, clocks: Clocks): Measure {
  if ((producer.flags | consumer.flags) & Flag.negDuration) return unknown(Flag.negDuration)
  const offset = sameClock(producer, consumer) ? synchronous : offsetTo(consumer, producer, clocks)
  if (offset === null) return unknown(Flag.skewUnknown)
  const ns = consumer.start - offset.theta - producer.end
  // Taken before the broker had told its producer so: it did not wait.
  const atLeast0 = (value: number) => Math.max(0, Math.round(value))
  const flags = ns < 0 ? Flag.censored : 0
  return offset.epsilon === 0
    ? exact(atLeast0(ns), flags)
    : modelled(atLeast0(ns), atLeast0(ns - offset.epsilon), atLeast0(ns + offset.epsilon), flags)
}

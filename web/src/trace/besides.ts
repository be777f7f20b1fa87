/** What the analysis says of a row besides its own figures: connections, aggregated calls, queues. None of it is added up anywhere. */
import { plural } from '../format/number.ts'
import type { TraceIndex } from './index.ts'
import type { Row } from './rows.ts'
import type { Measure } from './wire.ts'

export interface Besides {
  readonly label: string
  readonly why: string
  readonly measure: Measure
  /** Where it can be seen. */
  readonly spanId?: string
}

const exact = (ns: number): Measure => ({ ns, loNs: ns, hiNs: ns, fidelity: 'exact', reasons: [] })

export function besidesOf({ trace }: TraceIndex, row: Row): Besides[] {
  const lines: Besides[] = []
  for (const { name, connectNs, fanOut } of row.proxies) {
    const of = row.proxies.length > 1 ? `${name}: ` : ''
    if (connectNs !== null)
      lines.push({
        label: `${of}opening a connection upstream`,
        why:
          connectNs === 0
            ? 'The connection was open already.'
            : 'By the proxy’s own clock; part of what it waited for its callee.',
        measure: exact(connectNs),
      })
    if (fanOut && fanOut.calls > 1)
      lines.push({
        label: `${of}waiting for the slowest call alone`,
        why:
          fanOut.stragglerSpanId === ''
            ? `${plural(fanOut.calls, 'call')}, none of which was waited for alone.`
            : `${plural(fanOut.calls, 'call')}; when all others had their answers, this one was still waited for.`,
        measure: exact(fanOut.stragglerNs),
        ...(fanOut.stragglerSpanId !== '' && { spanId: fanOut.stragglerSpanId }),
      })
  }
  for (const { producerSpanId, consumerSpanId, wait } of trace.queueWaits) {
    if (consumerSpanId === row.span.id)
      lines.push({
        label: 'in the queue before',
        why: 'From the end of the producer’s span to the start of this one; on no critical path.',
        measure: wait,
        spanId: producerSpanId,
      })
    if (producerSpanId === row.span.id)
      lines.push({
        label: 'in the queue after',
        why: 'From the end of this span to the start of the consumer’s; on no critical path.',
        measure: wait,
        spanId: consumerSpanId,
      })
  }
  return lines
}

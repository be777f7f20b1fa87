import { flagNames } from '../server/analysis/flags.ts'
import { sumClasses } from '../server/analysis/tax.ts'
import type { AnalysedSpan, Hop, Measure, ProxyTraversal, Tax, TraceAnalysis } from '../server/analysis/types.ts'

/** What the analysis says of a trace, as stable text to compare and to read. Times in ms. */
export function dump(trace: TraceAnalysis): string {
  return [
    ...tree(trace),
    ...section('proxies', trace.proxies.map(proxyLine)),
    ...section('hops', trace.hops.flatMap(hopLines)),
    ...section(
      'queues',
      trace.queueWaits.map(({ wait }) => `wait ${measure(wait)}`),
    ),
    ...section('critical path', pathLine(trace)),
    ...section('flags', trace.flags === 0 ? [] : [flagNames(trace.flags).join(' ')]),
    ...(trace.weight === 1 ? [] : [`weight ${trace.weight.toFixed(3)}`]),
  ].join('\n')
}

const section = (title: string, lines: readonly string[]) =>
  lines.length > 0 ? [`${title}:`, ...lines.map(indent)] : []
const indent = (line: string) => `  ${line}`
const ms = (ns: number) => String(Number((ns / 1e6).toFixed(6)))

function measure({ ns, loNs, hiNs, fidelity, reasons }: Measure): string {
  const why = reasons.length > 0 ? ` (${reasons.join(' ')})` : ''
  const bounds = `${loNs === null ? '' : ms(loNs)}..${hiNs === null ? '' : ms(hiNs)}`
  if (fidelity === 'unknown') return `unknown${why}`
  if (fidelity === 'exact') return ms(ns!) + why
  return (fidelity === 'bounded' ? `in ${bounds}` : `~${ms(ns!)} in ${bounds}`) + why
}

function tree({ spans, hops }: TraceAnalysis): string[] {
  const depth = new Map<string, number>()
  return spans.map((span) => {
    const level = (depth.get(span.parentId) ?? -1) + 1
    depth.set(span.spanId, level)
    const orphan = span.parentId !== '' && level === 0 ? ' (orphan)' : ''
    return `${'  '.repeat(level)}${spanWords(span)}${orphan}${hopsOf(span, hops)}`
  })
}

const kinds = ['-', 'I', 'S', 'C', 'P', 'Q']

function spanWords({
  input,
  service,
  role,
  leg,
  proxyFamily,
  proxyProduct,
  rule,
  duration,
  self,
  flags,
}: AnalysedSpan) {
  const who = proxyFamily === '' ? 'app' : `${role} ${leg} ${[proxyFamily, proxyProduct].join('/')} ${rule}`
  const why = flags === 0 ? '' : ` [${flagNames(flags).join(' ')}]`
  return `${kinds[input.kind] ?? '?'} ${input.name} (${service}) ${who}: ${ms(duration)}, self ${measure(self)}${why}`
}

function hopsOf({ spanId }: AnalysedSpan, hops: readonly Hop[]): string {
  const of = hops.flatMap(({ caller, callee, via }, i) =>
    [caller?.spanId, callee?.spanId, ...via].includes(spanId) ? [i + 1] : [],
  )
  return of.length === 0 ? '' : ` hop ${of.join(',')}`
}

function proxyLine(proxy: ProxyTraversal): string {
  const { identity, instance, version, node, zone, overhead, requestPath, responsePath, added, retry, egress } = proxy
  const place = [identity.environment, identity.cluster, identity.namespace].filter((word) => word !== '').join('/')
  const where = [instance, version, node, zone].filter((word) => word !== '').join(', ')
  const extras = [
    ...(egress ? ['egress'] : []),
    ...(proxy.localReply ? ['answers itself'] : []),
    ...(proxy.error ? ['error'] : []),
    ...(proxy.connectNs === null ? [] : [`connect ${ms(proxy.connectNs)}`]),
    ...(proxy.fanOut === null ? [] : [`${proxy.fanOut.calls} calls, straggler ${ms(proxy.fanOut.stragglerNs)}`]),
    ...(retry.attempts > 1
      ? [`${retry.attempts} attempts, back-off ${ms(retry.backoffNs)}, wasted ${ms(retry.wastedNs)}`]
      : []),
  ]
  return [
    `${identity.role} ${identity.name} of ${identity.family}${place && ` in ${place}`} <${where}>`,
    `in-process ${measure(overhead)} = ${measure(requestPath)} + ${measure(responsePath)}; added ${measure(added)}`,
    ...extras,
  ].join('; ')
}

function hopLines({ kind, caller, callee, dataPlane, transit, segments }: Hop, i: number): string[] {
  const ends = `${caller?.service ?? ''} > ${callee?.service ?? ''}`.trim()
  const parts = segments.map((segment) => `${segment.class} ${ms(segment.ns)}`).join(' + ')
  return [`${i + 1} ${kind} ${ends} through ${dataPlane}: ${measure(transit)}${parts && ` = ${parts}`}`]
}

function pathLine({ criticalPath, duration, tax }: TraceAnalysis): string[] {
  if (duration === null) return []
  const sums = Object.entries(sumClasses(criticalPath)).map(([cls, ns]) => `${cls} ${ms(ns)}`)
  return [`${ms(duration)} = ${sums.join(' + ')}`, `mesh ${taxWords(tax.mesh)}, gateway ${taxWords(tax.gateway)}`]
}

const taxWords = ({ lowerNs, upperNs }: Tax) => `${ms(lowerNs)}..${ms(upperNs)}`

import type { Accuracy, AccuracyRow } from '../../server/api/contract-accuracy.ts'
import { groupBy } from '../../server/statistics/group-by.ts'
import { holds, isBeforeNode, isClaimed, median, quantile, share, type Judged } from './judged.ts'

const fidelities = ['exact', 'bounded', 'modelled', 'unknown'] as const
const whole = (ns: number | null) => (ns === null ? null : Math.round(ns))

/** One row for each kind of proxy and each fidelity that it was answered with; most requests first within a family. */
export function rowsOf(judged: readonly Judged[]): AccuracyRow[] {
  const kinds = groupBy(judged, (one) => [one.source, one.measure, one.family, sendsOf(one)].join('\n'))
  const order = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))
  return order.flatMap(([, all]) =>
    fidelities.flatMap((fidelity): AccuracyRow[] => {
      const of = all.filter((one) => (one.fidelity === 'none' ? 'unknown' : one.fidelity) === fidelity)
      if (of.length === 0) return []
      // A row for what is unknown only where nothing else is said; else the share of it stands in the others.
      if (fidelity === 'unknown' && of.length < all.length) return []
      const { source, measure, family } = of[0]!
      const known = of.filter(({ truthNs }) => truthNs !== null)
      const errors = of.flatMap(({ ns, truthNs }) => (ns === null || truthNs === null ? [] : [ns - truthNs]))
      const distances = errors.map(Math.abs)
      const widths = of.map(({ loNs, hiNs }) => (hiNs === null ? Infinity : hiNs - (loNs ?? 0)))
      const width = fidelity === 'unknown' ? null : median(widths)
      return [
        {
          source,
          measure,
          family,
          sends: sendsOf(of[0]!),
          fidelity,
          requests: of.length,
          biasNs: whole(median(errors)),
          medianErrorNs: whole(median(distances)),
          p95ErrorNs: whole(quantile(distances, 0.95)),
          held: fidelity === 'unknown' || known.length === 0 ? null : share(known.filter(holds).length, known.length),
          widthP50Ns: width === Infinity ? null : width,
          unknown: share(all.filter((one) => !isClaimed(one)).length, all.length),
        },
      ]
    }),
  )
}

/** Next to Node the upper bound of a single span's in-process time is another matter. */
const sendsOf = (one: Judged): string =>
  one.measure === 'overhead' && one.sends === 'one span' && isBeforeNode(one) ? `${one.sends}, before Node` : one.sends

const us = (ns: number | null) => (ns === null ? '–' : `${Math.round(ns / 1000)}`)
/** Rounded down, so that 100 % is all of them. */
const percent = (of: number | null) => (of === null ? '–' : `${Math.floor(1000 * of) / 10}`)

export const tableHead = [
  'proxy',
  'sends',
  'says',
  'n',
  'bias',
  'median error',
  'p95 error',
  'holds truth %',
  'width',
  'unknown %',
]

export const tableRow = (row: AccuracyRow): string[] => [
  row.family,
  row.sends,
  row.fidelity,
  String(row.requests),
  us(row.biasNs),
  us(row.medianErrorNs),
  us(row.p95ErrorNs),
  percent(row.held),
  row.fidelity === 'unknown' ? '–' : row.widthP50Ns === null ? 'open' : us(row.widthP50Ns),
  percent(row.unknown),
]

export const tables = [
  ['recorded', 'added', 'Added time, real proxies against packets'],
  ['recorded', 'overhead', "In-process time, real proxies against Envoy's access log"],
  ['generated', 'added', 'Added time, generated requests'],
  ['generated', 'overhead', 'In-process time, generated requests'],
] as const

/** The generated section of docs/accuracy.md. */
export function markdownOf(accuracy: Accuracy): string {
  const { rows, bounds, recorded, generated } = accuracy
  const table = (head: readonly string[], lines: readonly (readonly string[])[]) =>
    [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  return [
    `\`${accuracy.command}\` measured this on ${accuracy.measuredOn} with hopscope ${accuracy.version}, analysis ${accuracy.analysisVersion}: ` +
      `${recorded.recordings} recordings with ${recorded.traces} traces, ${generated.scenarios} generated scenarios with ${generated.traces}. Times in µs.`,
    ...tables.flatMap(([source, measure, title]) => {
      const some = rows.filter((row) => row.source === source && row.measure === measure)
      return [`### ${title}`, table(tableHead, some.map(tableRow))]
    }),
    '### What must hold',
    table(
      ['', 'bound', 'limit', 'measured', ''],
      bounds.map(({ source, name, limit, measured, ok }) => [source, name, limit, measured, ok ? 'ok' : '**broken**']),
    ),
  ].join('\n\n')
}

const [begin, end] = ['<!-- begin: npm run accuracy -- --write -->', '<!-- end -->']

/** docs/accuracy.md with its generated section made anew. @throws Error where the document has none. */
export function withSection(document: string, section: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`no ${begin} … ${end} in the document`)
  return `${document.slice(0, from)}${begin}\n\n${section}\n\n${document.slice(to)}`
}

/** A comparison as Markdown: what the Compare screen shows of it, how it was made, and what was asked. */
import { durationInWords } from '../queries/duration-words.ts'
import type { Report } from '../queries/report.ts'
import type { CompareRequest, Comparison, ComparedDifference } from './contract-compare.ts'
import type { Composition } from './contract-composition.ts'
import type { Explanation } from './contract-explanation.ts'
import type { Resources } from './contract-resources.ts'
import { fenced, instant, percent, signed, table, words } from './markdown.ts'

/** The rest is on the screen. */
const mostStrata = 20
const mostExplained = 8

/** @param asked as it can be asked again. */
export function comparisonMarkdown(asked: CompareRequest, report: Report): string {
  const { comparison, composition, resources, explanation } = report
  const { a, b, adjusted, quantiles } = comparison
  const side = (letter: string, one: Comparison['a']) => [
    ...[letter, one.name, String(one.n), String(one.requests), percent(one.coverage)],
    ...[one.fidelity, instant(one.fromUnixNano), instant(one.toUnixNano)],
  ]
  const methods = [
    ['The comparison', comparison.method],
    ...(composition?.at.some(isTold) ? [['What it is made of', composition.method]] : []),
    ...(resources ? [['Resources', resources.method]] : []),
    ...(explanation.reasons.length === 0 ? [['What it comes with', explanation.method]] : []),
  ]
  const queries = [comparison, composition, resources, explanation].flatMap((one) => one?.sql ?? [])
  const parts = [
    `# ${comparison.sentence}`,
    table(['', 'requests', 'n', 'of', 'known', 'fidelity', 'from', 'to'], [side('A', a), side('B', b)]),
    ...(adjusted
      ? [`## Like for like (${comparison.matched.join(', ') || 'nothing matched'})`, differences(adjusted)]
      : []),
    ...(quantiles && comparison.mean ? ['## As measured', differences({ quantiles, mean: comparison.mean })] : []),
    ...(comparison.mix
      ? [
          `Of the difference of the means, ${signed(comparison.mix.mixNs)} is by other shares of the kinds of request and ${signed(comparison.mix.withinNs)} within kinds.`,
        ]
      : []),
    ...(comparison.unmatched.length > 0
      ? [`Not matched by ${comparison.unmatched.join(', ')}: too little in common.`]
      : []),
    ...steadiness(comparison),
    ...kinds(comparison),
    ...(composition ? madeOf(composition) : []),
    ...taken(resources),
    ...comesWith(explanation),
    '## Method',
    ...methods.map(([what, method]) => `**${what}.** ${method}`),
    '## Question',
    fenced('json', JSON.stringify(asked, null, 2)),
    ...queries.flatMap(({ what, sql }) => [`### SQL: ${what}`, fenced('sql', sql)]),
  ]
  return `${parts.join('\n\n')}\n`
}

type Some = Pick<NonNullable<Comparison['adjusted']>, 'quantiles' | 'mean'>

function differences({ quantiles, mean }: Some): string {
  const told = (name: string, one: ComparedDifference) =>
    one.diffNs === null || one.aNs === null || one.bNs === null
      ? [name, '', '', '', '', words(one.reasons)]
      : [
          ...[name, durationInWords(one.aNs), durationInWords(one.bNs), signed(one.diffNs)],
          one.loNs === null || one.hiNs === null ? '' : `${signed(one.loNs)} … ${signed(one.hiNs)}`,
          one.distinguishable ? (one.diffNs > 0 ? 'A faster' : 'B faster') : 'not distinguishable',
        ]
  return table(
    ['', 'A', 'B', 'B − A', '95 % interval', 'verdict'],
    [...quantiles.map((one) => told(`p${Math.round(1000 * one.q) / 10}`, one)), told('mean', mean)],
  )
}

type Ratio = NonNullable<Comparison['shift']>
const times = (ratio: number) => `× ${ratio.toFixed(2)}`
const between = ({ lo, hi }: { lo: number; hi: number }) => `${lo.toFixed(2)} … ${hi.toFixed(2)}`

function steadiness(comparison: Comparison): string[] {
  const { tail, dispersion, jitter } = comparison.adjusted ?? comparison
  if (!tail || !dispersion || !jitter) return []
  const told = (name: string, one: Ratio) => [
    ...[name, times(one.ratio), between(one)],
    one.distinguishable ? `${one.ratio > 1 ? 'A' : 'B'} is steadier` : 'not distinguishable',
  ]
  const rows = [told('p99 / p50', tail), told('p75 / p25', dispersion), told('jitter', jitter)]
  return ['## Steadiness', table(['', 'B / A', '95 % interval', 'verdict'], rows)]
}

function kinds({ matched, strata, moreStrata }: Comparison): string[] {
  if (matched.length === 0 || strata.length === 0) return []
  const ns = (value: number | null) => (value === null ? '' : durationInWords(value))
  const rows = strata
    .slice(0, mostStrata)
    .map(({ keys, n, p50, shift }) => [
      ...[Object.values(keys).filter(Boolean).join(' · ') || 'all requests', String(n.a), String(n.b)],
      ...[ns(p50.aNs), ns(p50.bNs)],
      ...(shift ? [times(shift.ratio), between(shift)] : ['', 'fewer than 30 on a side']),
    ])
  const more = strata.length + moreStrata - rows.length
  const head = ['', 'n of A', 'n of B', 'p50 of A', 'p50 of B', 'B / A', '95 % interval']
  return ['## By kind of request', table(head, rows), ...(more > 0 ? [`And ${more} more.`] : [])]
}

const isTold = ({ classes }: Composition['at'][number]) => classes.length > 0

/** On average and around p99: parts that add up. */
function madeOf({ at }: Composition): string[] {
  const told = at.filter((one) => isTold(one) && (one.q === null || one.q === 0.99))
  const tables = told.map((one) => {
    const total = [one.a, one.b].map((sum) => (sum ? durationInWords(sum.meanNs) : ''))
    const rows = one.classes.map(({ class: name, aNs, bNs, diffNs, loNs, hiNs, distinguishable }) => [
      ...[name, durationInWords(aNs), bNs === null ? '' : durationInWords(bNs)],
      ...(diffNs === null ? ['', '', ''] : [signed(diffNs), `${signed(loNs)} … ${signed(hiNs)}`]),
      distinguishable ? '' : 'not distinguishable',
    ])
    const difference = one.a && one.b ? signed(one.b.meanNs - one.a.meanNs) : ''
    return table(
      [one.q === null ? 'on average' : `around p${100 * one.q}`, 'A', 'B', 'B − A', '95 % interval', ''],
      [...rows, ['together', ...total, difference, '', '']],
    )
  })
  return tables.length > 0 ? ['## What whole requests are made of', ...tables] : []
}

function taken(resources: Resources | null): string[] {
  const title = '## Resources per million requests'
  if (!resources) return [title, 'Unknown: not sent.']
  const { a, b, cpu, memory } = resources
  const kindsOf = [
    { name: 'CPU, s', of: 'cpuSeconds', ratio: cpu, unit: 1 },
    { name: 'memory, GiB h', of: 'memoryByteSeconds', ratio: memory, unit: 2 ** 30 * 3600 },
  ] as const
  if (kindsOf.every(({ of }) => a[of].value === null && b[of].value === null))
    return [title, `Unknown: ${words([...new Set([...a.cpuSeconds.reasons, ...b.cpuSeconds.reasons])])}.`]
  const amount = ({ value, atLeast, lo, hi, reasons }: Resources['a']['cpuSeconds'], unit: number) => {
    const three = (one: number) => String(Number((one / unit).toPrecision(3)))
    if (value === null) return `unknown: ${words(reasons)}`
    return `${atLeast ? '≥ ' : ''}${three(value)}${lo === null ? '' : ` (${three(lo)} … ${hi === null ? 'open' : three(hi)})`}`
  }
  const rows = kindsOf.map(({ name, of, ratio, unit }) => [
    ...[name, amount(a[of], unit), amount(b[of], unit), ratio.ratio === null ? '' : times(ratio.ratio)],
    ratio.lo === null || ratio.hi === null ? words(ratio.reasons) : between({ lo: ratio.lo, hi: ratio.hi }),
  ])
  return [title, table(['', 'A (95 %)', 'B (95 %)', 'B / A', '95 % interval'], rows)]
}

type Value = { readonly key: string; readonly value: string }
const named = (terms: readonly Value[]) => terms.map(({ key, value }) => `${key} = ${value || '(empty)'}`).join(' and ')

function comesWith({ extraTime, keys, extraNs, apart, reasons, a, b }: Explanation): string[] {
  const title = '## What it comes with'
  if (reasons.length > 0) return [title, 'Fewer than 30 requests with a value on a side: nothing is ranked.']
  const lies = extraTime
    .slice(0, mostExplained)
    .map((one) => [
      ...[
        named(one.terms),
        percent(one.explained),
        `${percent(Math.max(0, one.explainedLo))} … ${percent(one.explainedHi)}`,
      ],
      ...[percent(one.share), one.lift.toFixed(1), String(one.n.selection + one.n.baseline)],
    ])
  const common = keys.slice(0, mostExplained).flatMap(({ key, divergence, values }) => {
    const value = values.find(({ selection, baseline }) => selection > baseline) ?? values[0]
    if (!value) return []
    const { lo, hi } = value.risk ?? { lo: null, hi: null }
    const likelier = lo === null ? '' : `× ${lo.toPrecision(2)} … ${hi === null ? '∞' : hi.toPrecision(2)}`
    return [
      [
        `${key} = ${value.value || '(empty)'}`,
        percent(value.baseline),
        percent(value.selection),
        likelier,
        divergence.toFixed(2),
      ],
    ]
  })
  const apartBy = apart.map(({ key }) => key).join(', ')
  return [
    title,
    lies.length > 0
      ? table(['requests with', 'of the difference', '95 % interval', 'of requests', 'lift', 'n'], lies)
      : 'No value of any key holds distinguishably more of the difference than its share of requests.',
    common.length > 0
      ? table(['more common in B', 'in A', 'in B', 'likelier in B, 95 %', 'divergence'], common)
      : 'No value of any key is distinguishably more or less common in B.',
    `${extraNs === null ? '' : `B takes ${signed(extraNs)} a request, in the mean (${a.n} of A, ${b.n} of B). `}${
      apartBy && `A and B have no value in common of ${apartBy}. `
    }It is no proof of a cause.`,
  ]
}

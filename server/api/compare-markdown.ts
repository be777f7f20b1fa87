/** A comparison as Markdown: what it says, its numbers with their intervals, how they were made, and what was asked. */
import { durationInWords } from '../queries/duration-words.ts'
import type { CompareRequest, Comparison, ComparedDifference } from './contract-compare.ts'

const signed = (ns: number) => `${ns > 0 ? '+' : ns < 0 ? '−' : ''}${durationInWords(Math.abs(ns))}`
const instant = (unixNano: string) => new Date(Number(BigInt(unixNano) / 1_000_000n)).toISOString()
/** A bar or a line break would end the cell. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

/** @param asked as it can be asked again. */
export function comparisonMarkdown(asked: CompareRequest, answer: Comparison): string {
  const { a, b, adjusted, quantiles } = answer
  const side = (letter: string, one: Comparison['a']) => [
    ...[letter, one.name, String(one.n), String(one.requests), `${Math.round(1000 * one.coverage) / 10} %`],
    ...[one.fidelity, instant(one.fromUnixNano), instant(one.toUnixNano)],
  ]
  const parts = [
    `# ${answer.sentence}`,
    table(['', 'requests', 'n', 'of', 'known', 'fidelity', 'from', 'to'], [side('A', a), side('B', b)]),
    ...(adjusted
      ? [`## Like for like (${answer.matched.join(', ') || 'nothing matched'})`, differences(adjusted)]
      : []),
    ...(quantiles && answer.mean ? ['## As measured', differences({ quantiles, mean: answer.mean })] : []),
    ...(answer.mix
      ? [
          `Of the difference of the means, ${signed(answer.mix.mixNs)} is by other shares of the kinds of request and ${signed(answer.mix.withinNs)} within kinds.`,
        ]
      : []),
    ...(answer.unmatched.length > 0 ? [`Not matched by ${answer.unmatched.join(', ')}: too little in common.`] : []),
    '## Method',
    answer.method,
    '## Question',
    fenced('json', JSON.stringify(asked, null, 2)),
    ...answer.sql.flatMap(({ what, sql }) => [`### SQL: ${what}`, fenced('sql', sql)]),
  ]
  return `${parts.join('\n\n')}\n`
}

/** The fence is longer than any within. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}\n${fence}`
}

type Some = Pick<NonNullable<Comparison['adjusted']>, 'quantiles' | 'mean'>

function differences({ quantiles, mean }: Some): string {
  const told = (name: string, one: ComparedDifference) =>
    one.diffNs === null || one.aNs === null || one.bNs === null
      ? [name, '', '', '', '', one.reasons.join(', ').replaceAll('_', ' ')]
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

import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { ExploreField, Group } from '../../api/contract-explore.ts'
import type { Fidelity } from '../../api/contract.ts'
import { distributionsOf, nothingKnown, readLevels, sumOf, type LevelRow } from '../distributions.ts'
import { loadSql } from '../load-sql.ts'
import { readProxyNames } from '../names.ts'
import { partOf, type QueryOf } from '../query-of.ts'
import type { Window } from '../rollup-window.ts'
import { stepsOf, type Steps } from '../steps.ts'
import { fieldOf, spansInWindow } from './conditions.ts'
import { factsOf, rolledUp, type FactsAsked } from './facts.ts'
import { attributeOf, fields, measures, type Dataset } from './fields.ts'
import { rollupOf } from './heatmap.ts'

const attributedSql = loadSql(import.meta.url, 'attributed.sql').replace('{{spansInWindow}}', spansInWindow)
const valuesSql = loadSql(import.meta.url, 'values.sql')
const keysSql = loadSql(import.meta.url, 'attribute-keys.sql')
const wordsSql = loadSql(import.meta.url, 'attribute-words.sql')

/** One slot that everything is in. */
const allTimeMs = 1000 * (2 ** 32 - 1)

/** Groups of fewer requests are counted together. */
const mostGroups = 200

export interface GroupsAsked extends FactsAsked {
  /** A field, span.KEY or resource.KEY. */
  readonly by: string
  readonly fidelity?: Fidelity | undefined
}

export interface Groups {
  readonly items: Group[]
  readonly window: Window
  readonly fidelity: Fidelity
  readonly more: number
}

/** The distribution of each value of a key, most requests first. @throws FilterError */
export async function readGroups(clickhouse: ClickHouse, asked: GroupsAsked, options: QueryOf): Promise<Groups> {
  const { window, stepMs } = stepsOf(asked.window)
  const { by, fidelity: wanted, ...question } = asked
  const levels = await groupLevels(clickhouse, question, { window, stepMs }, by, partOf(options, 'groups'))
  const names =
    by === 'proxy'
      ? await readProxyNames(
          clickhouse,
          levels.map(({ metric }) => metric),
          partOf(options, 'names'),
        )
      : undefined
  const groups = new Map<string, LevelRow[]>()
  for (const row of levels) groups.set(row.metric, [...(groups.get(row.metric) ?? []), row])
  const fidelity = wanted ?? mostCommon(levels)
  const items = [...groups]
    .map(([value, of]) => ({
      value: names?.get(value)?.name ?? value,
      requests: sumOf(of, 'requests'),
      errors: sumOf(of, 'errors'),
      distribution: distributionsOf(of).find((one) => one.fidelity === fidelity) ?? nothingKnown,
    }))
    .sort((a, b) => b.requests - a.requests || (a.value < b.value ? -1 : 1))
  const more = items.slice(mostGroups).reduce((sum, { requests }) => sum + requests, 0)
  return { items: items.slice(0, mostGroups), window, fidelity, more }
}

/** Levels of each value of a key, which stands where the metric does. */
async function groupLevels(
  clickhouse: ClickHouse,
  question: FactsAsked,
  { window, stepMs }: Steps,
  by: string,
  options: QueryOf,
): Promise<LevelRow[]> {
  const rolled = by === 'proxy' && measures[question.measure].dataset === 'proxies' ? rolledUp(question) : null
  if (rolled) {
    const levels = await readLevels(clickhouse, { window, edgeMs: stepMs, rows: rolled, histograms: 'all' }, options)
    return levels.map((row) => ({ ...row, metric: row.id }))
  }
  const facts = factsOf({ ...question, window })
  const key = keyOf(facts.dataset, by)
  const rows = rollupOf({ ...facts, params: { ...facts.params, ...key.params } }, allTimeMs, key.sql, key.from)
  return readLevels(clickhouse, { window, edgeMs: stepMs, rows, histograms: 'all' }, options)
}

function mostCommon(levels: readonly LevelRow[]): Fidelity {
  const n = new Map<Fidelity, number>()
  for (const { fidelity, n: values } of levels)
    if (fidelity !== 'unknown') n.set(fidelity, (n.get(fidelity) ?? 0) + values)
  return [...n].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'unknown'
}

function keyOf(dataset: Dataset, by: string) {
  const attribute = attributeOf(by)
  if (!attribute) {
    const { sql, kind } = fieldOf(dataset, { field: by, at: 0 })
    return { sql: kind === 'text' ? sql : `toString(${sql})`, params: {}, from: undefined }
  }
  const [id, table] = attribute.of === 'span' ? ['attrset', 'attrsets'] : ['resource', 'resources']
  const cte = attributedSql
    .replaceAll('{{id}}', id!)
    .replace('{{table}}', table!)
    .replace('{{own}}', attribute.of === 'span' ? '1' : '0')
  return { sql: 'attribute', params: { attribute: attribute.name }, from: { cte, name: 'attributed' } }
}

/** What can be asked about: fields of the facts, then attributes that spans and resources have. */
export async function listFields(
  clickhouse: ClickHouse,
  measure: FactsAsked['measure'],
  options: QueryOf,
): Promise<ExploreField[]> {
  const [spans, resources] = await Promise.all(
    (['span', 'resource'] as const).map((prefix) =>
      clickhouse.query<{ key: string }>(
        keysSql,
        { prefix, table: prefix === 'span' ? 'attrsets' : 'resources' },
        partOf(options, prefix),
      ),
    ),
  )
  const attributes = [...spans!, ...resources!].map(({ key }) => ({
    ...{ key, kind: 'text' as const, groups: true },
    means: key.startsWith('span.') ? 'attribute of the span' : 'attribute of who sent the span',
  }))
  const own = Object.entries(fields[measures[measure].dataset]).map(([key, { kind, means, isKey }]) => ({
    ...{ key, kind, means, groups: isKey },
  }))
  return [...own, ...attributes]
}

/** Real values of a field, those with `text` in them. @throws FilterError */
export async function listValues(
  clickhouse: ClickHouse,
  { key, text, ...asked }: FactsAsked & { key: string; text: string },
  options: QueryOf,
): Promise<{ value: string; requests: number | null }[]> {
  const attribute = attributeOf(key)
  if (attribute) {
    const table = attribute.of === 'span' ? 'attrsets' : 'resources'
    const params = { table, key: attribute.name, text }
    const words = await clickhouse.query<{ value: string }>(wordsSql, params, options)
    return words.map(({ value }) => ({ value, requests: null }))
  }
  const { dataset, cte, params } = factsOf(asked)
  const field = fieldOf(dataset, { field: key, at: 0 })
  if (field.kind === 'duration') return []
  const isProxy = dataset === 'proxies' && key === 'proxy'
  const value =
    key === 'service'
      ? 'arrayJoin(arrayMap(one -> toString(one), services))'
      : field.kind === 'text'
        ? field.sql
        : `toString(${field.sql})`
  const found = await clickhouse.query<{ value: string; requests: number }>(
    `WITH ${cte}\n${valuesSql.replace('{{value}}', value)}`,
    { ...params, text: isProxy ? '' : text },
    options,
  )
  if (!isProxy) return found.filter((one) => one.value !== '')
  const names = await readProxyNames(
    clickhouse,
    found.map((one) => one.value),
    partOf(options, 'names'),
  )
  const requests = new Map<string, number>()
  for (const one of found) {
    const name = names.get(one.value)?.name ?? one.value
    if (name.toLowerCase().includes(text.toLowerCase())) requests.set(name, (requests.get(name) ?? 0) + one.requests)
  }
  return [...requests]
    .map(([name, count]) => ({ value: name, requests: count }))
    .sort((a, b) => b.requests - a.requests)
}

/** Conditions of a filter as SQL over facts: text of this file and fields.ts, values as bound parameters only. */
import type { Params } from '../../../storage/clickhouse.ts'
import { attributeOf, fields, type Dataset, type Field } from './fields.ts'
import { FilterError, type Condition } from './filter.ts'

export interface Compiled {
  /** Each holds for every fact. */
  readonly sql: readonly string[]
  readonly params: Params
}

/** @throws FilterError at the condition that names no field, or asks it what it has no answer to. */
export function compile(conditions: readonly Condition[], dataset: Dataset): Compiled {
  const params: Params = {}
  const sql = conditions.map((condition, i) => {
    const bind: Bind = (type, value, what = '') => {
      params[`f${i}${what}`] = value
      return `{f${i}${what}:${type}}`
    }
    const attribute = attributeOf(condition.field)
    const field = attribute ? undefined : fieldOf(dataset, condition)
    if (field && field.kind !== 'text') return ofNumber(condition, field, bind)
    const test = textTest(condition, bind)
    if (attribute) return ofAttribute(condition, attribute, test, bind)
    const passes = (specials[dataset][condition.field] ?? ((test) => test(field!.sql)))(test)
    return isNegated(condition) ? `NOT (${passes})` : passes
  })
  return { sql, params }
}

const isNegated = ({ operator }: Condition) => operator.startsWith('!')

/** The parameter as SQL. @param what tells a second value of the condition from the first. */
type Bind = (type: string, value: unknown, what?: string) => string
/** Whether a text expression passes; of a negated condition, whether it is what is not wanted: the negation is of the whole. */
type TextTest = (expression: string) => string

export function fieldOf(dataset: Dataset, { field, at }: Pick<Condition, 'field' | 'at'>): Field {
  const known = fields[dataset]
  if (Object.hasOwn(known, field)) return known[field]!
  throw new FilterError(at, `there is no field “${field}”: ${Object.keys(known).join(', ')}, span.KEY, resource.KEY`)
}

function textTest({ field, operator, values, at }: Condition, bind: Bind): TextTest {
  if (/[<>]/.test(operator)) throw new FilterError(at, `“${operator}” compares numbers; ${field} takes = != ~ !~`)
  const list = bind('Array(String)', values)
  return operator.endsWith('=')
    ? (expression) => `has(${list}, ${expression})`
    : (expression) => `arrayExists(part -> positionCaseInsensitiveUTF8(${expression}, part) > 0, ${list})`
}

const unitNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9 }

function ofNumber(condition: Condition, { kind, sql }: Field, bind: Bind): string {
  const { field, operator, values, at, valueAt } = condition
  if (operator.includes('~')) throw new FilterError(at, `“${operator}” looks into text; ${field} takes = != > >= < <=`)
  const wanted = values.map((text) => {
    const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,9})?)\s*([a-zµμ]*)$/.exec(text.trim().toLowerCase()) ?? []
    const scale = kind === 'number' ? (unit === '' ? 1 : undefined) : unitNs[unit ?? '']
    if (digits === undefined || scale === undefined) {
      throw new FilterError(
        valueAt,
        kind === 'number' ? `“${text}” is no number` : `“${text}” is no duration: 5ms, 1.5s, 800us`,
      )
    }
    return Number(digits) * scale
  })
  if (operator === '=' || operator === '!=')
    return `${operator === '=' ? '' : 'NOT '}has(${bind('Array(Float64)', wanted)}, toFloat64(${sql}))`
  if (wanted.length > 1) throw new FilterError(valueAt, `“${operator}” takes one value`)
  return `toFloat64(${sql}) ${operator} ${bind('Float64', wanted[0])}`
}

const hexId = (id: string) => `leftPad(lower(hex(${id})), 16, '0')`

/** Ids by which no name is known pass no test. */
const proxiesThat = (test: TextTest) =>
  `SELECT proxy_id FROM proxy_names WHERE ${test('name')} OR ${test(hexId('proxy_id'))}`

const inWindow =
  "start >= fromUnixTimestamp64Milli({fromMs:Int64} - 3600000, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64} + 3600000, 'UTC')"

/** Not in what a revision replaced: sums of signs of each trace would cost more. */
const throughFacts = (table: string, passes: string) =>
  `trace_id IN (SELECT trace_id FROM ${table} WHERE ${passes} AND ${inWindow} AND sign = 1
    AND (trace_id, revision) NOT IN (SELECT trace_id, revision FROM ${table} WHERE sign = -1 AND ${inWindow}))`

/** Fields that are not one column. */
const specials: Readonly<Record<Dataset, Readonly<Record<string, (test: TextTest) => string>>>> = {
  proxies: {
    proxy: (test) => `entity IN (${proxiesThat(test)})`,
    service: (test) => `${test('toString(caller)')} OR ${test('toString(callee)')}`,
  },
  hops: {
    hop: (test) => test(hexId('entity')),
    proxy: (test) => `hasAny(via, (SELECT groupArray(proxy_id) FROM (${proxiesThat(test)})))`,
    family: (test) => `hasAny(via, (SELECT groupArray(proxy_id) FROM proxy_names WHERE ${test('toString(family)')}))`,
    service: (test) => `${test('toString(caller)')} OR ${test('toString(callee)')}`,
    zone: (test) => `arrayExists(zone -> ${test('zone')}, splitByChar('>', toString(zone_pair)))`,
  },
  traces: {
    service: (test) => `arrayExists(one -> ${test('one')}, services)`,
    proxy: (test) => throughFacts('proxies', `proxy_id IN (${proxiesThat(test)})`),
    hop: (test) => throughFacts('hops', test(hexId('hop_id'))),
    family: (test) => throughFacts('proxies', test('toString(family)')),
    version: (test) => throughFacts('proxies', test('toString(version)')),
    zone: (test) => throughFacts('proxies', test('toString(zone)')),
    dataPlane: (test) => throughFacts('hops', test('toString(data_plane)')),
  },
}

/** A span begins a little after its fact, or long after in a slow request. */
export const spansInWindow = `toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64} - 600000, 'UTC'))
    AND start >= fromUnixTimestamp64Milli({fromMs:Int64} - 600000, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64} + 600000, 'UTC')`

function ofAttribute(
  condition: Condition,
  { of, name }: { of: 'span' | 'resource'; name: string },
  test: TextTest,
  bind: Bind,
): string {
  const key = bind('String', name, 'key')
  // '' is what is not set: nothing may have it then.
  const asksForNone = condition.operator.endsWith('=') && condition.values.includes('')
  const passes = asksForNone ? `mapContains(attrs, ${key}) AND NOT (${test(`attrs[${key}]`)})` : test(`attrs[${key}]`)
  const sets = (id: string, table: string) => `${id} IN (SELECT ${id} FROM ${table} WHERE ${passes})`
  const spans = of === 'resource' ? sets('resource', 'resources') : `(${passes} OR ${sets('attrset', 'attrsets')})`
  const found = `((trace_id, span) IN (SELECT trace_id, if(parent_id = toFixedString('', 8) AND {wholes:UInt8}, parent_id, span_id)
    FROM spans WHERE ${spansInWindow} AND ${spans}))`
  return isNegated(condition) !== asksForNone ? `NOT ${found}` : found
}

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
    if (attribute) return ofAttribute(condition, attribute, bind)
    const field = fieldOf(dataset, condition)
    if (field.kind !== 'text') return ofNumber(condition, field, bind)
    const special = specials[dataset][condition.field]
    if (special) return special(textTest(condition, bind), condition)
    return textTest(condition, bind)(field.sql)
  })
  return { sql, params }
}

/** The parameter as SQL. @param what tells a second value of the condition from the first. */
type Bind = (type: string, value: unknown, what?: string) => string
/** Whether a text expression passes. */
type TextTest = (expression: string) => string

export function fieldOf(dataset: Dataset, { field, at }: Pick<Condition, 'field' | 'at'>): Field {
  const known = fields[dataset]
  if (Object.hasOwn(known, field)) return known[field]!
  throw new FilterError(at, `there is no field “${field}”: ${Object.keys(known).join(', ')}, span.KEY, resource.KEY`)
}

function textTest({ field, operator, values, at }: Condition, bind: Bind): TextTest {
  const not = operator.startsWith('!') ? 'NOT ' : ''
  if (operator === '=' || operator === '!=') {
    const list = bind('Array(String)', values)
    return (expression) => `${not}has(${list}, ${expression})`
  }
  if (operator === '~' || operator === '!~') {
    const list = bind('Array(String)', values)
    return (expression) => `${not}arrayExists(part -> positionCaseInsensitiveUTF8(${expression}, part) > 0, ${list})`
  }
  throw new FilterError(at, `“${operator}” compares numbers; ${field} takes = != ~ !~`)
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

/** A positive test of a set of ids, then what the operator says: ids by which no name is known pass no test. */
function byName(test: TextTest, { operator }: Condition, isOf: (ids: string) => string): string {
  // A negation is of the whole: not one of the proxies that pass.
  const positive = operator.startsWith('!') ? (expression: string) => test(expression).slice('NOT '.length) : test
  const ids = `SELECT proxy_id FROM proxy_names WHERE ${positive('name')} OR ${positive(hexId('proxy_id'))}`
  return `${operator.startsWith('!') ? 'NOT ' : ''}${isOf(ids)}`
}

const inWindow =
  "start >= fromUnixTimestamp64Milli({fromMs:Int64} - 3600000, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64} + 3600000, 'UTC')"

/** Not only in what a revision replaced. */
const stillThere = 'GROUP BY trace_id HAVING sum(sign) > 0'

const specials: Readonly<Record<Dataset, Readonly<Record<string, (test: TextTest, condition: Condition) => string>>>> =
  {
    proxies: { proxy: (test, condition) => byName(test, condition, (ids) => `(entity IN (${ids}))`) },
    hops: {
      hop: (test) => test(hexId('entity')),
      proxy: (test, condition) =>
        byName(test, condition, (ids) => `hasAny(via, (SELECT groupArray(proxy_id) FROM (${ids})))`),
    },
    traces: {
      // Some service passes; of a negation, none is the one.
      service: (test, { operator }) =>
        `${operator.startsWith('!') ? 'arrayAll' : 'arrayExists'}(one -> ${test('one')}, services)`,
      proxy: (test, condition) =>
        byName(
          test,
          condition,
          (ids) =>
            `(trace_id IN (SELECT trace_id FROM proxies WHERE proxy_id IN (${ids}) AND ${inWindow} ${stillThere}))`,
        ),
      hop: (test, { operator }) => {
        const positive = operator.startsWith('!') ? test(hexId('hop_id')).slice('NOT '.length) : test(hexId('hop_id'))
        const found = `(trace_id IN (SELECT trace_id FROM hops WHERE ${positive} AND ${inWindow} ${stillThere}))`
        return operator.startsWith('!') ? `NOT ${found}` : found
      },
    },
  }

/** A span begins a little after its fact, or long after in a slow request. */
export const spansInWindow = `toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64} - 600000, 'UTC'))
    AND start >= fromUnixTimestamp64Milli({fromMs:Int64} - 600000, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64} + 600000, 'UTC')`

function ofAttribute(
  condition: Condition,
  { of, name }: { of: 'span' | 'resource'; name: string },
  bind: Bind,
): string {
  const { operator, at, field } = condition
  if (/[<>]/.test(operator)) throw new FilterError(at, `“${operator}” compares numbers; ${field} takes = != ~ !~`)
  const isNot = operator.startsWith('!')
  const test = textTest({ ...condition, operator: isNot ? (operator.slice(1) as '=' | '~') : operator }, bind)
  const key = bind('String', name, 'key')
  // '' is what is not set: nothing may have it then.
  const asksForNone = operator.endsWith('=') && condition.values.includes('')
  const passes = asksForNone ? `mapContains(attrs, ${key}) AND NOT (${test(`attrs[${key}]`)})` : test(`attrs[${key}]`)
  const sets = (id: string, table: string) => `${id} IN (SELECT ${id} FROM ${table} WHERE ${passes})`
  const spans = of === 'resource' ? sets('resource', 'resources') : `(${passes} OR ${sets('attrset', 'attrsets')})`
  const found = `((trace_id, span) IN (SELECT trace_id, if(parent_id = toFixedString('', 8) AND {wholes:UInt8}, parent_id, span_id)
    FROM spans WHERE ${spansInWindow} AND ${spans}))`
  return isNot !== asksForNone ? `NOT ${found}` : found
}

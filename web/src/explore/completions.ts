/** What the end of a filter that is being typed can become. */
import type { ExploreFieldList, ExploreValueList } from '../../../server/api/contract-explore.ts'
import { shortCount } from '../format/number.ts'
import { operators, quoted, type Draft } from './filter.ts'

export interface Completion {
  /** What it is put in as. */
  readonly text: string
  readonly shown: string
  readonly detail: string
}

const most = 12

/** @param values of the field that is being asked, those that fit what is typed. */
export function completions(
  { expects, typed }: Draft,
  fields: ExploreFieldList['items'],
  values: ExploreValueList['items'],
): Completion[] {
  if (expects === 'field')
    return fields
      .filter(({ key }) => key.toLowerCase().includes(typed.toLowerCase()))
      .slice(0, most)
      .map(({ key, means, kind }) => ({
        text: `${quoted(key)} ${kind === 'text' ? '=' : '>'} `,
        shown: key,
        detail: means,
      }))
  if (expects === 'operator')
    return operators.map((text) => ({ text: `${text} `, shown: text, detail: operatorWords[text] }))
  return values.slice(0, most).map(({ value, requests }) => ({
    text: quoted(value),
    shown: value === '' ? 'not set' : value,
    detail: requests === null ? '' : shortCount(requests),
  }))
}

const operatorWords: Readonly<Record<(typeof operators)[number], string>> = {
  '=': 'is, or one of',
  '!=': 'is not',
  '~': 'contains',
  '!~': 'does not contain',
  '>': 'more than',
  '>=': 'at least',
  '<': 'less than',
  '<=': 'at most',
}

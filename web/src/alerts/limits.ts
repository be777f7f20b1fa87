/** Lines that a rule draws on charts of what it is about. */
import type { AlertRule, AlertRuleBody } from '../../../server/api/contract-alert-rules.ts'
import { amount, isShare } from './words.ts'

export interface Limit {
  /** ns, or a share. */
  readonly value: number
  readonly text: string
  readonly look: 'fires' | 'resolves'
}

/** Where a threshold fires and resolves, and what a budget allows; of a regression none: what is usual moves. */
export function limitsOf(rule: AlertRuleBody): Limit[] {
  if (rule.kind === 'regression') return []
  if (rule.kind === 'budget')
    return [
      { value: rule.valueNs, text: `budget ${amount({ ...rule, kind: 'threshold' }, rule.valueNs)}`, look: 'fires' },
    ]
  const [fires, resolves] = isShare(rule.measure)
    ? [rule.value, rule.resolveValue]
    : [rule.valueNs, rule.resolveValueNs]
  if (fires === undefined) return []
  const other = rule.op === '>' ? '<' : '>'
  return [
    { value: fires, text: `fires ${rule.op} ${amount(rule, fires)}`, look: 'fires' },
    ...(resolves === undefined || resolves === fires
      ? []
      : [{ value: resolves, text: `ends ${other} ${amount(rule, resolves)}`, look: 'resolves' as const }]),
  ]
}

/** Enabled rules that name a proxy or hop by its id and a measure, with their lines. */
export const limitsAbout = (rules: readonly AlertRule[], about: { id: string; measure: string }): Limit[] =>
  rules
    .filter(
      ({ enabled, measure, filter }) =>
        enabled && measure === about.measure && (filter.proxy ?? filter.hop) === about.id,
    )
    .flatMap(limitsOf)

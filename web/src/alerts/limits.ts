/** Lines that a rule draws on charts of what it is about. */
import type { AlertRule, AlertRuleBody } from '../../../server/api/contract-alert-rules.ts'
import { amount, changeText, isShare } from './words.ts'

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

/** What the preview of a rule shows over time. */
export const valueKindOf = (rule: AlertRuleBody): 'ns' | 'share' | 'rate' =>
  rule.kind === 'budget' ? 'rate' : rule.kind === 'regression' || isShare(rule.measure) ? 'share' : 'ns'

/** Its lines there: of a budget the burn rate, of a regression the least change. */
export function limitsOfPreview(rule: AlertRuleBody): Limit[] {
  if (rule.kind === 'regression')
    return [{ value: rule.relMin, text: `at least ${changeText(1 + rule.relMin)}`, look: 'fires' }]
  if (rule.kind === 'threshold') return limitsOf(rule)
  const [first] = rule.objective.burnRates
  return first ? [{ value: first.rate, text: `fires > ${first.rate} ×`, look: 'fires' }] : []
}

/** Whose chart it is, and of what. `route`: '' of all. */
type About = { readonly measure: string } & ({ readonly id: string } | { readonly route: string })

/**
 * Lines of enabled rules on the chart of a proxy, hop or route: of those that name it, and of those that name nothing and so are about each. On that of all
 * routes only the latter.
 */
export function limitsAbout(rules: readonly AlertRule[], about: About): Limit[] {
  const own = 'id' in about ? about.id : about.route
  return rules
    .filter(({ enabled, measure, filter: { proxy, hop, route, service, family } }) => {
      if (!enabled || measure !== about.measure || service !== undefined || family !== undefined) return false
      return (proxy ?? hop ?? route ?? own) === own
    })
    .flatMap(limitsOf)
}

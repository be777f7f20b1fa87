import { parseDocument, stringify, visit } from 'yaml'
import { AlertRuleBody, longestRuleFile, mostRules } from '../api/contract-alert-rules.ts'

/** Rules as text: YAML or JSON, a list of rules or `{ rules: [...] }`. */

const deepest = 40

/** @throws Error saying what is wrong with which rule. */
export function parseRuleFile(source: string): AlertRuleBody[] {
  const refused = unreadable(source)
  if (refused !== undefined) throw new Error(refused)
  const document = parseDocument(source, { uniqueKeys: true, logLevel: 'error' })
  const [error] = document.errors
  if (error) throw new Error(error.message.split('\n')[0])
  // Aliases are how ten lines become a billion.
  let hasAlias = false
  visit(document, { Alias: () => ((hasAlias = true), visit.BREAK) })
  if (hasAlias) throw new Error('aliases are not allowed')
  const content: unknown = document.toJS()
  const rules = Array.isArray(content) ? content : (content as { rules?: unknown } | null)?.rules
  if (!Array.isArray(rules)) throw new Error('neither a list of rules nor { rules: [...] }')
  if (rules.length > mostRules) throw new Error(`more than ${mostRules} rules`)
  const parsed = rules.map((rule: unknown, i): AlertRuleBody => {
    const result = AlertRuleBody.safeParse(rule)
    if (result.success) return result.data
    const [issue] = result.error.issues
    const name = (rule as { name?: unknown } | null)?.name
    const which = typeof name === 'string' ? `"${name.slice(0, 100)}"` : `number ${i + 1}`
    const field = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.')
    throw new Error(
      `rule ${which}: ${field ? `${field}: ` : ''}${issue?.code === 'unrecognized_keys' ? 'no such field' : issue?.message}`,
    )
  })
  const names = new Set<string>()
  for (const { name } of parsed) {
    if (names.has(name)) throw new Error(`two rules are called "${name}"`)
    names.add(name)
  }
  return parsed
}

/** What no rules file looks like: the parser recurses over what is nested, and would end in it. */
function unreadable(source: string): string | undefined {
  if (source.length > longestRuleFile) return `longer than ${longestRuleFile / 2 ** 20} MiB`
  let [depth, indent] = [0, 0]
  for (const character of source) {
    if (character === '\n') indent = 0
    else if (indent >= 0) indent = ' \t-?:!&*'.includes(character) ? indent + 1 : -1
    if (character === '[' || character === '{') depth++
    else if ((character === ']' || character === '}') && depth > 0) depth--
    if (depth > deepest || indent > 4 * deepest) return `nested deeper than ${deepest}`
  }
  return undefined
}

export const writeRuleFile = (rules: readonly AlertRuleBody[]): string =>
  stringify({ rules }, { aliasDuplicateObjects: false })

import { readFileSync } from 'node:fs'
import { parseRules } from '../server/analysis/recognise/rules.ts'
import { withoutRules, type RuleSource, type UserRule } from '../server/analysis/recognise/user-rule.ts'
import type { RuleProblem, RulesInForce } from '../server/api/contract-rules.ts'
import type { Logger } from '../storage/running.ts'
import { StartError } from '../storage/start-error.ts'
import { fingerprint, whenChanged } from './watch.ts'

/** Rules of HOPSCOPE_RULES_FILE, kept up to date; close it to stop looking. */
export type RulesFile = RuleSource & { state(): RulesInForce; close(): void }

interface Read {
  readonly rules: readonly UserRule[]
  readonly source: string
  readonly readUnixNano: string
}

/**
 * Reads the file and again whenever it changes. A file that cannot be read or has errors leaves the rules as they were,
 * with one line in the log.
 * @param path null: no rules, nothing to look at.
 * @throws StartError naming the first error when the file cannot be used at the start.
 */
export function openRulesFile(path: string | null, log: Logger): RulesFile {
  if (path === null) {
    const state = { file: null, rules: 0, source: '', readUnixNano: null, problems: [] }
    return { ...withoutRules, state: () => state, close: () => {} }
  }
  const listeners: ((rules: readonly UserRule[]) => void)[] = []
  const since = fingerprint(path)
  const first = read(path)
  if ('problems' in first) throw new StartError(`HOPSCOPE_RULES_FILE=${path}: ${inOneLine(first.problems)}`)
  let inForce = first
  let problems: readonly RuleProblem[] = []
  const look = () => {
    const next = read(path)
    problems = 'problems' in next ? next.problems : []
    if ('problems' in next) {
      log.error(
        { file: path, reason: inOneLine(problems) },
        'the recognition rules have errors; the rules before stay in force',
      )
      return
    }
    inForce = next
    log.warn({ file: path, rules: next.rules.length }, 'the recognition rules have changed')
    for (const listener of listeners) listener(next.rules)
  }
  const close = whenChanged(path, since, look)
  return {
    current: () => inForce.rules,
    state() {
      const { rules, source, readUnixNano } = inForce
      return { file: path, rules: rules.length, source, readUnixNano, problems: [...problems] }
    },
    subscribe: (listener) => void listeners.push(listener),
    close,
  }
}

function read(path: string): Read | { problems: readonly RuleProblem[] } {
  let source: string
  try {
    source = readFileSync(path, 'utf8')
  } catch (error) {
    return { problems: [{ line: 0, reason: `cannot be read (${(error as NodeJS.ErrnoException).code})` }] }
  }
  const parsed = parseRules(source)
  return 'rules' in parsed ? { ...parsed, source, readUnixNano: `${Date.now()}000000` } : parsed
}

const inOneLine = (problems: readonly RuleProblem[]): string =>
  problems.map(({ line, reason }) => (line === 0 ? reason : `line ${line}: ${reason}`)).join('; ')

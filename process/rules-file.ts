import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { parseRules } from '../server/analysis/recognise/rules.ts'
import { withoutRules, type RuleSource, type UserRule } from '../server/analysis/recognise/user-rule.ts'
import type { Logger } from '../storage/running.ts'
import { StartError } from '../storage/start-error.ts'

const lookEveryMs = 2_000

/** Rules of HOPSCOPE_RULES_FILE, kept up to date; close it to stop looking. */
export type RulesFile = RuleSource & { close(): void }

/**
 * Reads the file and again whenever it changes. A file that cannot be read or has errors leaves the rules as they were,
 * with one line in the log. Looks at the file rather than being told: files from a ConfigMap are swapped by links.
 * @param path null: no rules, nothing to look at.
 * @throws StartError naming the first error when the file cannot be used at the start.
 */
export function openRulesFile(path: string | null, log: Logger): RulesFile {
  if (path === null) return { ...withoutRules, close: () => {} }
  const listeners: ((rules: readonly UserRule[]) => void)[] = []
  const first = read(path)
  if ('error' in first) throw new StartError(`HOPSCOPE_RULES_FILE=${path}: ${first.error}`)
  let { rules } = first
  const look = () => {
    const next = read(path)
    if ('error' in next) {
      log.error({ file: path, reason: next.error }, 'the recognition rules have errors; the rules before stay in force')
      return
    }
    rules = next.rules
    log.warn({ file: path, rules: rules.length }, 'the recognition rules have changed')
    for (const listener of listeners) listener(rules)
  }
  watchFile(path, { interval: lookEveryMs, persistent: false }, (now, before) => {
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino) look()
  })
  return {
    current: () => rules,
    subscribe: (listener) => void listeners.push(listener),
    close: () => unwatchFile(path),
  }
}

/** All problems on one line. */
function read(path: string): { rules: readonly UserRule[] } | { error: string } {
  let source: string
  try {
    source = readFileSync(path, 'utf8')
  } catch (error) {
    return { error: `cannot be read (${(error as NodeJS.ErrnoException).code})` }
  }
  const parsed = parseRules(source)
  if ('rules' in parsed) return parsed
  return { error: parsed.problems.map(({ line, reason }) => `line ${line}: ${reason}`).join('; ') }
}

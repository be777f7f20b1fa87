import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { Logger } from '../../../storage/running.ts'
import type { AlertRuleBody } from '../../api/contract-alert-rules.ts'
import { longestRuleFile } from '../../api/contract-alert-rules.ts'
import { readDocuments, writeDocuments, type Written } from '../../queries/alerts/documents.ts'
import { clockMs } from '../../queries/finaliser/following.ts'
import { parseRuleFile } from '../rule-file.ts'
import type { Companion } from './evaluator.ts'

interface Problem {
  readonly file: string
  readonly reason: string
}

const lookEveryMs = 5_000
const mostFiles = 500

/**
 * Keeps the rules of a directory of YAML and JSON files in force: those of a file that has errors stay as they were, with the problem told by
 * the API; those of a file that is gone go.
 */
export function ruleFiles(clickhouse: ClickHouse, directory: string, log: Logger): Companion {
  let lookedAt = 0
  let seen = ''
  return {
    async turn() {
      if (performance.now() - lookedAt < lookEveryMs && lookedAt > 0) return
      lookedAt = performance.now()
      const { files, problems } = readDirectory(directory)
      const now = JSON.stringify([[...files].map(([file, rules]) => [file, rules]), problems])
      if (now === seen) return
      await store(clickhouse, files, problems)
      for (const { file, reason } of problems)
        log.error({ file, reason }, 'alert rules have errors; those before stay in force')
      seen = now
    },
  }
}

function readDirectory(directory: string): { files: Map<string, readonly AlertRuleBody[]>; problems: Problem[] } {
  const files = new Map<string, readonly AlertRuleBody[]>()
  const problems: Problem[] = []
  let names: string[]
  try {
    names = readdirSync(directory)
      .filter((name) => /\.(?:ya?ml|json)$/.test(name) && !name.startsWith('.'))
      .sort()
  } catch (error) {
    return {
      files,
      problems: [{ file: directory, reason: `cannot be read (${(error as NodeJS.ErrnoException).code})` }],
    }
  }
  if (names.length > mostFiles)
    problems.push({ file: directory, reason: `more than ${mostFiles} files: the first are read` })
  for (const name of names.slice(0, mostFiles)) {
    const path = join(directory, name)
    try {
      if (statSync(path).size > longestRuleFile) throw new Error(`longer than ${longestRuleFile / 2 ** 20} MiB`)
      files.set(name, parseRuleFile(readFileSync(path, 'utf8')))
    } catch (error) {
      problems.push({ file: name, reason: (error as Error).message.slice(0, 500) })
    }
  }
  return { files, problems }
}

/** The same rule of the same file is the same rule: it keeps its alerts. */
const ruleId = (file: string, name: string) =>
  createHash('sha256').update(`${file}\n${name}`).digest('hex').slice(0, 16)

async function store(
  clickhouse: ClickHouse,
  files: ReadonlyMap<string, readonly AlertRuleBody[]>,
  problems: readonly Problem[],
): Promise<void> {
  const stored = await readDocuments<AlertRuleBody>(clickhouse, { kinds: ['rule'], states: ['file'] })
  const owners = await readDocuments<{ files: Record<string, string> }>(clickhouse, {
    kinds: ['progress'],
    id: 'files',
  })
  const owner = owners[0]?.body.files ?? {}
  const atMs = await clockMs(clickhouse)
  const wanted = new Map<string, { file: string; body: AlertRuleBody }>()
  for (const [file, rules] of files) for (const body of rules) wanted.set(ruleId(file, body.name), { file, body })
  const isBroken = (file: string | undefined) =>
    file === undefined || problems.some((problem) => problem.file === file || file.startsWith(problem.file))
  const documents: Written[] = []
  const kept: Record<string, string> = {}
  for (const { id, body } of stored) {
    const file = owner[id]
    if (wanted.has(id)) continue
    if (problems.length > 0 && isBroken(file)) kept[id] = file ?? ''
    else documents.push({ kind: 'rule', id, revision: atMs, atMs, state: 'file', deleted: true, body })
  }
  const before = new Map(stored.map(({ id, body }) => [id, JSON.stringify(body)]))
  for (const [id, { file, body }] of wanted) {
    kept[id] = file
    if (before.get(id) !== JSON.stringify(body))
      documents.push({ kind: 'rule', id, revision: atMs, atMs, state: 'file', body })
  }
  documents.push({ kind: 'progress', id: 'files', revision: atMs, atMs, body: { problems, files: kept } })
  await writeDocuments(clickhouse, documents)
}

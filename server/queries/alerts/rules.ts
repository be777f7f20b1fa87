import type { ClickHouse, QueryOptions } from '../../../storage/clickhouse.ts'
import { AlertRuleBody } from '../../api/contract-alert-rules.ts'
import { readDocuments } from './documents.ts'

export interface StoredRule {
  /** 16 hex digits. */
  readonly id: string
  readonly source: 'built-in' | 'api' | 'file'
  readonly body: AlertRuleBody
  /** Unix ms; null for a built-in rule as it came. */
  readonly changedMs: number | null
}

const parsed = new Map<string, { revision: number; body: AlertRuleBody | undefined }>()

/** All rules, those of `builtIn` too, as they are now. What a later version stored and this one cannot read is left out. */
export async function readRules(
  clickhouse: ClickHouse,
  builtIn: ReadonlyMap<string, AlertRuleBody>,
  options: QueryOptions = {},
): Promise<StoredRule[]> {
  const documents = await readDocuments<unknown>(clickhouse, { kinds: ['rule'] }, options)
  const found = new Map<string, StoredRule>()
  for (const [id, body] of builtIn) found.set(id, { id, source: 'built-in', body, changedMs: null })
  for (const { id, revision, atMs, state, body } of documents) {
    const known = parsed.get(id)
    const read = known?.revision === revision ? known.body : AlertRuleBody.safeParse(body).data
    if (known?.revision !== revision) parsed.set(id, { revision, body: read })
    if (!read) continue
    const source = builtIn.has(id) ? 'built-in' : state === 'file' ? 'file' : 'api'
    found.set(id, { id, source, body: read, changedMs: atMs })
  }
  return [...found.values()]
}

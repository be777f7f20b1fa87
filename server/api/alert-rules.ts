import { Router, type Request, type Response } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { builtInRules } from '../alerts/rule.ts'
import { parseRuleFile, writeRuleFile } from '../alerts/rule-file.ts'
import { auditOf, newId } from '../queries/alerts/audit.ts'
import { readDocuments, writeDocuments, type Written } from '../queries/alerts/documents.ts'
import { readRules, type StoredRule } from '../queries/alerts/rules.ts'
import { clockMs } from '../queries/finaliser/following.ts'
import { readHopNames, readProxyNames } from '../queries/names.ts'
import type { QueryOf } from '../queries/query-of.ts'
import { askFor } from './ask.ts'
import {
  AlertRuleBody,
  longestRuleFile,
  mostRules,
  PreviewRequest,
  RuleImport,
  type AlertPreview,
  type AlertRule,
  type AlertRuleList,
  type ImportedRules,
  type RuleExport,
} from './contract-alert-rules.ts'
import { EntityParams } from './contract-query.ts'
import { ownJson, ownOrigin } from './own-json.ts'
import { previewRegression } from './preview-regression.ts'
import { previewSize } from './preview-size.ts'
import { badRequest, checked, notAllowed, notFound, ProblemError } from './problem.ts'

const mostBytes = 65_536
const idOf = (request: Request): string => checked(EntityParams, { id: request.params['id'] }).id

/** `/alert-rules`. @param write a connection that may write. */
export function alertRulesRouter(read: ClickHouse, write: ClickHouse): Router {
  const router = Router()
  const one = async (id: string, options: QueryOf): Promise<StoredRule> => {
    const found = (await readRules(read, builtInRules, options)).find((rule) => rule.id === id)
    if (!found) throw notFound(`there is no alert rule ${id}`)
    return found
  }
  const answer = async (rule: StoredRule): Promise<AlertRule> => {
    const [counts, { files }] = await Promise.all([countAlerts(read), readFiles(read)])
    return asRule(rule, counts, files)
  }

  router
    .route('/')
    .get(async (request, response) => {
      const options = askFor(request, response)
      const [rules, counts, { problems, files }] = await Promise.all([
        readRules(read, builtInRules, options),
        countAlerts(read),
        readFiles(read),
      ])
      const items = rules.map((rule) => asRule(rule, counts, files)).sort((a, b) => (a.name < b.name ? -1 : 1))
      response.json({ items, problems } satisfies AlertRuleList)
    })
    .post(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const options = askFor(request, response)
      const body = checked(AlertRuleBody, request.body)
      await checkWhatIsNamed(read, [body], options)
      const rules = await readRules(read, builtInRules, options)
      if (rules.length >= mostRules)
        throw new ProblemError(409, 'Conflict', `there are ${mostRules} rules already; delete some`)
      const rule = await store(write, newId(), body, 'rule created')
      response
        .status(201)
        .location(`/api/v1/alert-rules/${rule.id}`)
        .json(await answer(rule))
    })
    .all(notAllowed('GET, HEAD, POST'))

  router.post('/preview', ...ownJson(mostBytes), async (request: Request, response: Response) => {
    const options = askFor(request, response)
    const { rule, from, to } = checked(PreviewRequest, request.body)
    await checkWhatIsNamed(read, [rule], options)
    const window = { fromMs: from, toMs: to }
    const found =
      rule.kind === 'regression'
        ? await previewRegression(read, rule, window, options)
        : await previewSize(read, rule, window, options)
    response.json(found satisfies AlertPreview)
  })
  router.get('/export', async (request, response) => {
    const rules = await readRules(read, builtInRules, askFor(request, response))
    const own = rules.filter(({ source }) => source === 'api').map(({ body }) => body)
    response.json({ source: writeRuleFile(own.sort((a, b) => (a.name < b.name ? -1 : 1))) } satisfies RuleExport)
  })
  router.post('/import', ...ownJson(2 * longestRuleFile), async (request: Request, response: Response) => {
    const { source, dryRun } = checked(RuleImport, request.body)
    response.json(
      (await importRules({ read, write }, source, dryRun, askFor(request, response))) satisfies ImportedRules,
    )
  })
  for (const path of ['/preview', '/import']) router.all(path, notAllowed('POST'))
  router.all('/export', notAllowed('GET, HEAD'))

  router
    .route('/:id')
    .get(async (request, response) => {
      response.json(await answer(await one(idOf(request), askFor(request, response))))
    })
    .put(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const options = askFor(request, response)
      const body = checked(AlertRuleBody, request.body)
      const { id, source } = await one(idOf(request), options)
      if (source === 'file') throw fromFile
      await checkWhatIsNamed(read, [body], options)
      response.json(await answer(await store(write, id, body, 'rule changed')))
    })
    .delete(ownOrigin, async (request, response) => {
      const rule = await one(idOf(request), askFor(request, response))
      if (rule.source === 'file') throw fromFile
      if (rule.source === 'built-in')
        throw new ProblemError(409, 'Conflict', 'built-in rules are not deleted: turn it off with enabled: false')
      await store(write, rule.id, rule.body, 'rule deleted')
      response.json(await answer(rule))
    })
    .all(notAllowed('GET, HEAD, PUT, DELETE'))
  return router
}

const fromFile = new ProblemError(409, 'Conflict', 'this rule comes from a file: change it there')

async function store(
  write: ClickHouse,
  id: string,
  body: AlertRuleBody,
  what: 'rule created' | 'rule changed' | 'rule deleted',
): Promise<StoredRule> {
  const atMs = await clockMs(write)
  await writeDocuments(write, ruleDocuments(id, body, what, atMs))
  return { id, source: builtInRules.has(id) ? 'built-in' : 'api', body, changedMs: atMs }
}

const ruleDocuments = (id: string, body: AlertRuleBody, what: string, atMs: number): Written[] => [
  { kind: 'rule', id, revision: atMs, atMs, state: 'api', deleted: what === 'rule deleted', body },
  auditOf({ by: '', what, id, name: body.name }, body, atMs),
]

async function importRules(
  { read, write }: { read: ClickHouse; write: ClickHouse },
  source: string,
  dryRun: boolean,
  options: QueryOf,
): Promise<ImportedRules> {
  let bodies: AlertRuleBody[]
  try {
    bodies = parseRuleFile(source)
  } catch (error) {
    throw badRequest('source', (error as Error).message)
  }
  await checkWhatIsNamed(read, bodies, options)
  const rules = await readRules(read, builtInRules, options)
  const byName = new Map(rules.filter((rule) => rule.source === 'api').map((rule) => [rule.body.name, rule]))
  const found: ImportedRules = { created: [], changed: [], unchanged: [] }
  const atMs = await clockMs(write)
  const documents: Written[] = []
  for (const body of bodies) {
    const before = byName.get(body.name)
    const isSame = before !== undefined && JSON.stringify(before.body) === JSON.stringify(body)
    found[isSame ? 'unchanged' : before ? 'changed' : 'created'].push(body.name)
    if (!isSame)
      documents.push(...ruleDocuments(before?.id ?? newId(), body, before ? 'rule changed' : 'rule created', atMs))
  }
  if (rules.length + found.created.length > mostRules)
    throw badRequest('source', `with these there would be more than ${mostRules} rules`)
  if (!dryRun && documents.length > 0) await writeDocuments(write, documents)
  return found
}

/** A rule about a proxy that nobody has seen would be silent for ever. */
async function checkWhatIsNamed(read: ClickHouse, bodies: readonly AlertRuleBody[], options: QueryOf): Promise<void> {
  const named = (field: 'proxy' | 'hop') => [...new Set(bodies.flatMap(({ filter }) => filter[field] ?? []))]
  const wanted = {
    proxies: named('proxy'),
    hops: named('hop'),
    targets: [...new Set(bodies.flatMap(({ targets }) => targets))],
  }
  const [proxies, hops, targets] = await Promise.all([
    readProxyNames(read, wanted.proxies, { ...options, queryId: `${options.queryId}-p` }),
    readHopNames(read, wanted.hops, { ...options, queryId: `${options.queryId}-h` }),
    wanted.targets.length === 0 ? undefined : readDocuments(read, { kinds: ['target'] }),
  ])
  const [proxy] = wanted.proxies.filter((id) => !proxies.has(id))
  if (proxy !== undefined) throw badRequest('filter.proxy', `no proxy has the id ${proxy}`)
  const [hop] = wanted.hops.filter((id) => !hops.has(id))
  if (hop !== undefined) throw badRequest('filter.hop', `no hop has the id ${hop}`)
  const [target] = wanted.targets.filter((id) => !targets?.some((one) => one.id === id))
  if (target !== undefined) throw badRequest('targets', `no notification target has the id ${target}`)
}

type Counts = ReadonlyMap<string, AlertRule['alerts']>

async function countAlerts(read: ClickHouse): Promise<Counts> {
  const alerts = await readDocuments(read, { kinds: ['alert'], states: ['pending', 'firing', 'keep', 'stale'] })
  const counts = new Map<string, AlertRule['alerts']>()
  for (const { about, state } of alerts) {
    const own = counts.get(about) ?? { pending: 0, firing: 0, stale: 0 }
    own[state === 'keep' ? 'firing' : (state as keyof typeof own)]++
    counts.set(about, own)
  }
  return counts
}

/** What was last read of rule files: their problems, and by rule the file that it is from. */
async function readFiles(read: ClickHouse): Promise<RuleFiles> {
  const [known] = await readDocuments<RuleFiles>(read, { kinds: ['progress'], id: 'files' })
  return known?.body ?? { problems: [], files: {} }
}

interface RuleFiles {
  readonly problems: AlertRuleList['problems']
  readonly files: Readonly<Record<string, string>>
}

const asRule = ({ id, source, body, changedMs }: StoredRule, counts: Counts, files: RuleFiles['files']): AlertRule => ({
  ...body,
  ...{ id, source, file: source === 'file' ? (files[id] ?? null) : null },
  ...{ changedUnixNano: changedMs === null ? null : `${changedMs}000000` },
  alerts: counts.get(id) ?? { pending: 0, firing: 0, stale: 0 },
})

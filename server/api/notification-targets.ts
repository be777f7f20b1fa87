import { Router, type Request, type Response } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Allowed } from '../alerts/notify/address.ts'
import { send } from '../alerts/notify/send.ts'
import type { Notification } from '../alerts/run/stored.ts'
import { auditOf, newId } from '../queries/alerts/audit.ts'
import { readDocuments, readSecrets, writeDocuments, type Stored, type Written } from '../queries/alerts/documents.ts'
import { clockMs } from '../queries/finaliser/following.ts'
import { askFor } from './ask.ts'
import {
  NoBody,
  SendAgain,
  TargetBody,
  type Alert,
  type AuditList,
  type DeadLetters,
  type Secret,
  type Target,
  type TargetList,
  type TargetTest,
  type Undelivered,
} from './contract-alerts.ts'
import { EntityParams } from './contract-query.ts'
import { ownJson, ownOrigin } from './own-json.ts'
import { checked, notAllowed, notFound, ProblemError } from './problem.ts'

const mostBytes = 16_384
const mostTargets = 200
const mostUndelivered = 200

/** What is stored of a target beside its secret: not more than anybody may see. */
type Shown = Omit<TargetBody, 'secret'> & { secretFrom: string | null }

/** `/notification-targets`. @param write a connection that may write. */
export function targetsRouter(
  read: ClickHouse,
  write: ClickHouse,
  { allowed, publicUrl }: { allowed: Allowed; publicUrl: string },
): Router {
  const router = Router()
  const idOf = (request: Request): string => checked(EntityParams, { id: request.params['id'] }).id
  const list = () => listTargets(read)
  const one = async (id: string): Promise<Target> => {
    const found = (await list()).find((target) => target.id === id)
    if (!found) throw notFound(`there is no notification target ${id}`)
    return found
  }
  /** @param secret undefined: as it was. */
  const store = async (id: string, body: TargetBody, what: string): Promise<Target> => {
    const atMs = await clockMs(write)
    const { secret, ...rest } = body
    const before = (await readSecrets(read)).get(id)
    const kept = secret === undefined ? (before ?? '') : JSON.stringify(secret)
    const shown = { ...rest, secretFrom: fromOf(kept) } as Shown
    await writeDocuments(write, [
      { kind: 'target', id, revision: atMs, atMs, deleted: what === 'target deleted', body: shown, secret: kept },
      auditOf({ by: '', what, id, name: body.name }, shown, atMs),
    ] satisfies Written[])
    return { ...asTarget({ id, body: shown }, kept !== '', []) }
  }

  router
    .route('/')
    .get(async (request, response) => {
      askFor(request, response)
      response.json({ items: await list() } satisfies TargetList)
    })
    .post(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const body = checked(TargetBody, request.body)
      if ((await list()).length >= mostTargets)
        throw new ProblemError(409, 'Conflict', `there are ${mostTargets} targets already; delete some`)
      const target = await store(newId(), body, 'target created')
      response
        .status(201)
        .location(`/api/v1/notification-targets/${target.id}`)
        .json(target satisfies Target)
    })
    .all(notAllowed('GET, HEAD, POST'))
  router
    .route('/:id')
    .get(async (request, response) => {
      response.json(await one(idOf(request)))
    })
    .put(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const body = checked(TargetBody, request.body)
      const { id } = await one(idOf(request))
      response.json(await store(id, body, 'target changed'))
    })
    .delete(ownOrigin, async (request, response) => {
      const target = await one(idOf(request))
      const [stored] = await readDocuments<Shown>(read, { kinds: ['target'], id: target.id })
      const { secretFrom: _from, ...body } = stored!.body
      await store(target.id, body as TargetBody, 'target deleted')
      response.json(target)
    })
    .all(notAllowed('GET, HEAD, PUT, DELETE'))
  router
    .post('/:id/test', ...ownJson(mostBytes), async (request: Request, response: Response) => {
      checked(NoBody, request.body ?? {})
      const { id } = await one(idOf(request))
      const [stored] = await readDocuments<TargetBody>(read, { kinds: ['target'], id })
      const secret = (await readSecrets(read)).get(id)
      const started = performance.now()
      const telling = {
        ...{ key: `test-${newId()}`, status: 'firing' as const, alert: exampleAlert(await clockMs(read)) },
        ...{ rule: { id: '0'.repeat(16), name: 'A test of hopscope: nothing is slower' }, url: `${publicUrl}/alerts` },
      }
      const { ok, detail } = await send(
        stored!.body,
        secret === undefined ? null : (JSON.parse(secret) as Secret),
        telling,
        allowed,
      )
      response.json({ ok, detail, durationMs: Math.round(performance.now() - started) } satisfies TargetTest)
    })
    .all('/:id/test', notAllowed('POST'))
  const given = async (id: string) =>
    (await readDocuments<Notification>(read, { kinds: ['notification'], states: ['dead'], most: 2_000 })).filter(
      ({ body }) => body.targetId === id,
    )
  router
    .get('/:id/dead-letters', async (request, response) => {
      const { id } = await one(idOf(request))
      const items = (await given(id)).slice(0, mostUndelivered).map(undeliveredOf)
      response.json({ items } satisfies DeadLetters)
    })
    .post('/:id/dead-letters', ...ownJson(mostBytes), async (request: Request, response: Response) => {
      const { keys } = checked(SendAgain, request.body)
      const { id, name } = await one(idOf(request))
      const atMs = await clockMs(write)
      const again = (await given(id)).filter((letter) => keys.includes(letter.id))
      const documents = again.map(({ kind, about, id: key, revision, body }) => ({
        ...{ kind, about, id: key, revision: Math.max(revision + 1, atMs), atMs, state: 'waiting' },
        body: { ...body, attempts: 0, nextMs: atMs } satisfies Notification,
      }))
      if (documents.length > 0)
        await writeDocuments(write, [
          ...documents,
          auditOf(
            { by: '', what: 'notifications sent again', id, name },
            { keys: again.map((letter) => letter.id) },
            atMs,
          ),
        ])
      response.json(await one(id))
    })
    .all('/:id/dead-letters', notAllowed('GET, HEAD, POST'))
  return router
}

/** `/audit`: what people did to rules, targets and alerts. */
export function auditRouter(read: ClickHouse): Router {
  const router = Router()
  router.get('/', async (request, response) => {
    askFor(request, response)
    const documents = await readDocuments<{ by: string; what: string; name: string; detail: string }>(read, {
      kinds: ['audit'],
      most: 500,
    })
    const items = documents.map(({ about, atMs, body }) => ({ ...body, id: about, atUnixNano: `${atMs}000000` }))
    response.json({ items } satisfies AuditList)
  })
  router.all('/', notAllowed('GET, HEAD'))
  return router
}

const undeliveredOf = ({ id, atMs, body }: Stored<Notification>): Undelivered => ({
  ...{ key: id, atUnixNano: `${atMs}000000`, status: body.status, alertId: body.alert.id, ruleName: body.rule.name },
  ...{ series: body.alert.series.name, attempts: body.attempts, error: body.error },
})

function fromOf(secret: string): string | null {
  if (secret === '') return null
  const parsed = JSON.parse(secret) as Secret
  if (typeof parsed === 'string') return null
  return 'env' in parsed ? `env ${parsed.env}` : `file ${parsed.file}`
}

async function listTargets(read: ClickHouse): Promise<Target[]> {
  const [targets, secrets, told] = await Promise.all([
    readDocuments<Shown>(read, { kinds: ['target'] }),
    readSecrets(read),
    readDocuments<Notification>(read, { kinds: ['notification'], most: 2_000 }),
  ])
  return targets
    .map((target) =>
      asTarget(
        target,
        secrets.has(target.id),
        told.filter(({ body }) => body.targetId === target.id),
      ),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function asTarget(
  { id, body }: { id: string; body: Shown },
  hasSecret: boolean,
  told: readonly Stored<Notification>[],
): Target {
  const [last] = told.filter(({ body }) => body.attempts > 0)
  return {
    ...{ ...body, id, hasSecret },
    waiting: told.filter(({ state }) => state === 'waiting').length,
    dead: told.filter(({ state }) => state === 'dead').length,
    last: last
      ? { atUnixNano: `${last.atMs}000000`, ok: last.state === 'sent', detail: last.body.error || 'delivered' }
      : null,
  } as Target
}

const exampleAlert = (nowMs: number): Alert => ({
  ...{
    id: '0'.repeat(16),
    ruleId: '0'.repeat(16),
    ruleName: 'A test of hopscope',
    kind: 'threshold',
    measure: 'added',
    quantile: 0.95,
  },
  series: { kind: 'proxy', id: '0'.repeat(16), name: 'a proxy', fidelity: 'modelled' },
  ...{
    state: 'firing',
    dataOk: true,
    sinceUnixNano: `${nowMs}000000`,
    firedUnixNano: `${nowMs}000000`,
    startedAtUnixNano: null,
  },
  ...{
    evaluatedUnixNano: `${nowMs}000000`,
    value: 1_000_000,
    before: null,
    change: null,
    windowMs: null,
    n: 0,
    pages: true,
    quiet: null,
    partOf: null,
  },
  ...{ cause: null, symptoms: [], events: [], exemplars: [], exemplarsBefore: [], labels: { test: 'true' } },
  ...{ fingerprint: 'test', silencedUntilUnixNano: null, silencedBy: null, acknowledged: null },
})

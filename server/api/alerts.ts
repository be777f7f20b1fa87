import { Router, type Request, type Response } from 'express'
import type { z } from 'zod'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { holderOf } from '../../storage/lease.ts'
import { alertOf } from '../alerts/alert-json.ts'
import type { AlertRecord } from '../alerts/book.ts'
import { readSaid, type Note, type Notification, type Progress, type Silence } from '../alerts/run/stored.ts'
import { auditOf, newId } from '../queries/alerts/audit.ts'
import { readDocuments, writeDocuments, type Written } from '../queries/alerts/documents.ts'
import { clockMs } from '../queries/finaliser/following.ts'
import type { QueryOf } from '../queries/query-of.ts'
import { askFor } from './ask.ts'
import {
  AcknowledgeRequest,
  AlertsQuery,
  CommentRequest,
  RebaselineRequest,
  SilenceRequest,
  type Alert,
  type AlertDetail,
  type AlertHistoryItem,
  type AlertList,
} from './contract-alerts.ts'
import { EntityParams } from './contract-query.ts'
import { ownJson } from './own-json.ts'
import { checked, notAllowed, notFound } from './problem.ts'

const mostBytes = 16_384
/** Of those that are over, so many are listed. */
const mostResolved = 200
const mostHistory = 500

/** `/alerts`. @param write a connection that may write. */
export function alertsRouter(read: ClickHouse, write: ClickHouse): Router {
  const router = Router()
  const idOf = (request: Request): string => checked(EntityParams, { id: request.params['id'] }).id
  const one = async (id: string): Promise<Alert> => {
    const [found] = await readDocuments<AlertRecord>(read, { kinds: ['alert'], id })
    const alert = found && alertOf(found.body, (await readSaid(read, await clockMs(read)))(found.body))
    if (!alert) throw notFound(`there is no alert ${id}`)
    return alert
  }
  const detail = async (id: string): Promise<AlertDetail> => ({
    ...(await one(id)),
    history: await historyOf(read, id),
  })

  router.get('/', async (request, response) => {
    const { state, rule } = checked(AlertsQuery, request.query)
    askFor(request, response)
    response.json((await listAlerts(read, { state, rule })) satisfies AlertList)
  })
  router.all('/', notAllowed('GET, HEAD'))
  router.get('/:id', async (request, response) => {
    response.json((await detail(idOf(request))) satisfies AlertDetail)
  })
  router.all('/:id', notAllowed('GET, HEAD'))

  /** Something that a person does to an alert, answered with the alert. */
  const act = (path: string, documents: (alert: Alert, request: Request, atMs: number) => Written[]) => {
    router.post(`/:id/${path}`, ...ownJson(mostBytes), async (request: Request, response: Response) => {
      const alert = await one(idOf(request))
      await writeDocuments(write, documents(alert, request, await clockMs(write)))
      response.json((await detail(alert.id)) satisfies AlertDetail)
    })
    router.all(`/:id/${path}`, notAllowed('POST'))
  }
  const note = ({ id, ruleName, series }: Alert, { what, by, text }: Note, atMs: number): Written[] => [
    {
      kind: 'note',
      about: id,
      id: `${atMs}-${newId()}`,
      revision: atMs,
      atMs,
      state: what,
      body: { what, by, text } satisfies Note,
    },
    auditOf({ by, what: `alert ${what}`, id, name: `${ruleName}: ${series.name}` }, { text }, atMs),
  ]
  act('silence', ({ id, ruleName, series }, request, atMs) => {
    const { until: untilMs, by, comment } = checked(SilenceRequest, request.body)
    const body = { untilMs, by, comment } satisfies Silence
    const what = untilMs > atMs ? 'alert silenced' : 'alert unsilenced'
    return [
      { kind: 'silence', about: id, id, revision: atMs, atMs, body },
      auditOf({ by, what, id, name: `${ruleName}: ${series.name}` }, body, atMs),
    ]
  })
  act('acknowledge', (alert, request, atMs) => {
    const { by, comment } = checked(AcknowledgeRequest, request.body)
    return note(alert, { what: 'acknowledged', by, text: comment }, atMs)
  })
  act('comment', (alert, request, atMs) => {
    const { by, text } = checked(CommentRequest, request.body)
    return note(alert, { what: 'comment', by, text }, atMs)
  })
  act('re-baseline', (alert, request, atMs) => {
    const { by, comment } = checked(RebaselineRequest, request.body)
    return note(alert, { what: 're-baselined', by, text: comment }, atMs)
  })
  return router
}

const order = ['firing', 'keep', 'stale', 'pending', 'resolved']

const activeStates = ['pending', 'firing', 'keep', 'stale']

export async function listAlerts(read: ClickHouse, { state, rule }: z.infer<typeof AlertsQuery>): Promise<AlertList> {
  const nowMs = await clockMs(read)
  const [active, over, said, holder, progress] = await Promise.all([
    readDocuments<AlertRecord>(read, { kinds: ['alert'], states: activeStates }),
    readDocuments<AlertRecord>(read, { kinds: ['alert'], states: ['resolved', 'inactive'], most: mostResolved }),
    readSaid(read, nowMs),
    holderOf(read, 'alerts'),
    readDocuments<Partial<Progress>>(read, { kinds: ['progress'] }),
  ])
  const all = [...active, ...over].flatMap(({ body }) => alertOf(body, said(body)) ?? [])
  const count = (is: (alert: Alert) => boolean) => all.filter(is).length
  const evaluatedMs = (id: string) => progress.find((one) => one.id === id)?.revision ?? null
  const nano = (ms: number | null) => (ms === null ? null : `${ms}000000`)
  const threshold = evaluatedMs('threshold')
  return {
    items: all
      .filter((alert) => rule === undefined || alert.ruleId === rule)
      .filter((alert) => state === undefined || (state === 'firing' ? isFiring(alert) : alert.state === state))
      .sort(byState),
    counts: {
      pending: count((alert) => alert.state === 'pending'),
      firing: count(isFiring),
      stale: count((alert) => alert.state === 'stale'),
      resolved: count((alert) => alert.state === 'resolved'),
      silenced: count((alert) => alert.silencedUntilUnixNano !== null && alert.state !== 'resolved'),
      noData: count((alert) => !alert.dataOk && alert.state !== 'resolved'),
    },
    evaluator: {
      holder,
      evaluatedUnixNano: nano(threshold),
      regressionsUnixNano: nano(evaluatedMs('regression')),
      behindMs: threshold === null ? null : Math.max(0, nowMs - threshold),
      rulesLeftOut: progress.reduce((sum, { body }) => sum + (body.leftOut ?? 0), 0),
    },
  }
}

const isFiring = ({ state }: Alert): boolean => state === 'firing' || state === 'keep'

const byState = (a: Alert, b: Alert): number =>
  order.indexOf(a.state) - order.indexOf(b.state) || (BigInt(a.sinceUnixNano) > BigInt(b.sinceUnixNano) ? -1 : 1)

/** What `listAlerts` has of alerts that fire: where there is none, one question says so. */
export async function firingAlerts(read: ClickHouse, options: QueryOf): Promise<Alert[]> {
  const active = await readDocuments<AlertRecord>(read, { kinds: ['alert'], states: activeStates }, options)
  if (active.length === 0) return []
  const said = await readSaid(read, await clockMs(read))
  return active
    .flatMap(({ body }) => alertOf(body, said(body)) ?? [])
    .filter(isFiring)
    .sort(byState)
}

/** What happened to an alert in all its lives, newest first. */
async function historyOf(read: ClickHouse, id: string): Promise<AlertHistoryItem[]> {
  const [changes, said, told] = await Promise.all([
    readDocuments<{ value: number | null; text: string }>(read, { kinds: ['change'], about: id, most: mostHistory }),
    readDocuments<Note>(read, { kinds: ['note'], about: id, most: mostHistory }),
    readDocuments<Notification>(read, {
      kinds: ['notification'],
      about: id,
      states: ['sent', 'dead'],
      most: mostHistory,
    }),
  ])
  const silences = await readDocuments<{ by: string; what: string; detail: string }>(read, {
    kinds: ['audit'],
    about: id,
    most: mostHistory,
  })
  const at = (ms: number) => `${ms}000000`
  const items: AlertHistoryItem[] = [
    ...changes.map(({ atMs, state, body }) => ({
      atUnixNano: at(atMs),
      what: state as AlertHistoryItem['what'],
      value: body.value,
      by: '',
      text: body.text,
    })),
    ...said.map(({ atMs, body: { what, by, text } }) => ({ atUnixNano: at(atMs), what, value: null, by, text })),
    ...told.map(({ atMs, state, body }) => ({
      atUnixNano: at(atMs),
      what: state === 'sent' ? ('notified' as const) : ('notification-failed' as const),
      value: body.alert.value,
      by: '',
      text: `${body.status} ${body.targetId}${body.error && `: ${body.error}`}`,
    })),
    ...silences
      .filter(({ body }) => /silenced$/.test(body.what))
      .map(({ atMs, body }) => ({
        atUnixNano: at(atMs),
        what: body.what.replace('alert ', '') as 'silenced' | 'unsilenced',
        value: null,
        by: body.by,
        text: (JSON.parse(body.detail) as Silence).comment,
      })),
  ]
  return items.sort((a, b) => (BigInt(a.atUnixNano) > BigInt(b.atUnixNano) ? -1 : 1)).slice(0, mostHistory)
}

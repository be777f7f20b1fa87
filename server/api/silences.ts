import { Router, type Request, type Response } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { fingerprintOf } from '../alerts/alert-json.ts'
import { isFiring, type AlertRecord } from '../alerts/book.ts'
import type { Silence } from '../alerts/run/stored.ts'
import { matches } from '../alerts/silence.ts'
import { auditOf, newId } from '../queries/alerts/audit.ts'
import { readDocuments, writeDocuments, type Written } from '../queries/alerts/documents.ts'
import { clockMs } from '../queries/finaliser/following.ts'
import { askFor } from './ask.ts'
import { SilenceBody, type SilenceList, type SilenceMatcher, type StandingSilence } from './contract-alerts.ts'
import { EntityParams } from './contract-query.ts'
import { ownJson, ownOrigin } from './own-json.ts'
import { checked, notAllowed, notFound, ProblemError } from './problem.ts'

const mostBytes = 16_384
const mostSilences = 1_000

/** `/silences`: of whatever matches. Those of one alert are `/alerts/{id}/silence`. @param write a connection that may write. */
export function silencesRouter(read: ClickHouse, write: ClickHouse): Router {
  const router = Router()
  router
    .route('/')
    .get(async (request, response) => {
      askFor(request, response)
      response.json({ items: await listSilences(read) } satisfies SilenceList)
    })
    .post(...ownJson(mostBytes), async (request: Request, response: Response) => {
      const { matcher, until: untilMs, by, comment } = checked(SilenceBody, request.body)
      const atMs = await clockMs(write)
      if (untilMs <= atMs) throw new ProblemError(400, 'Bad Request', 'until: is in the past')
      if ((await listSilences(read)).length >= mostSilences)
        throw new ProblemError(409, 'Conflict', `there are ${mostSilences} silences already; end some`)
      const id = newId()
      const body = { untilMs, by, comment, matcher } satisfies Silence
      await writeDocuments(write, [
        { kind: 'silence', id, revision: atMs, atMs, body },
        auditOf(
          { by, what: 'silence created', id, name: inWords(matcher, seriesNameOf(await readRecords(read), matcher)) },
          body,
          atMs,
        ),
      ] satisfies Written[])
      const created = (await listSilences(read)).find((silence) => silence.id === id)
      response
        .status(201)
        .location(`/api/v1/silences/${id}`)
        .json(created satisfies StandingSilence | undefined)
    })
    .all(notAllowed('GET, HEAD, POST'))
  router
    .route('/:id')
    .delete(ownOrigin, async (request, response) => {
      const { id } = checked(EntityParams, { id: request.params['id'] })
      const found = (await listSilences(read)).find((silence) => silence.id === id)
      if (!found) throw notFound(`there is no silence ${id} that lasts`)
      const atMs = await clockMs(write)
      const { matcher, by, comment } = found
      const body = { untilMs: atMs, by, comment, matcher } satisfies Silence
      await writeDocuments(write, [
        { kind: 'silence', id, revision: atMs, atMs, deleted: true, body },
        auditOf({ by: '', what: 'silence ended', id, name: inWords(matcher, found.seriesName) }, body, atMs),
      ] satisfies Written[])
      response.json(found satisfies StandingSilence)
    })
    .all(notAllowed('DELETE'))
  return router
}

async function listSilences(read: ClickHouse): Promise<StandingSilence[]> {
  const [nowMs, silences, records] = await Promise.all([
    clockMs(read),
    readDocuments<Silence>(read, { kinds: ['silence'], about: '' }),
    readRecords(read),
  ])
  const isOpen = (record: AlertRecord) => record.state.phase === 'pending' || isFiring(record)
  return silences.flatMap(({ id, atMs, body: { untilMs, by, comment, matcher } }) =>
    matcher === undefined || untilMs <= nowMs
      ? []
      : {
          ...{ id, matcher, by, comment, atUnixNano: `${atMs}000000`, untilUnixNano: `${untilMs}000000` },
          ruleName: records.find(({ ruleId }) => ruleId === matcher.rule)?.ruleName ?? null,
          seriesName: seriesNameOf(records, matcher),
          alerts: records.filter((record) => isOpen(record) && matches(matcher, record)).length,
        },
  )
}

const readRecords = async (read: ClickHouse): Promise<AlertRecord[]> =>
  (await readDocuments<AlertRecord>(read, { kinds: ['alert'] })).map(({ body }) => body)

const seriesNameOf = (records: readonly AlertRecord[], { fingerprint }: SilenceMatcher): string | null =>
  records.find(({ series }) => fingerprintOf(series) === fingerprint)?.series.name ?? null

const inWords = ({ rule, fingerprint, series, labels = {} }: SilenceMatcher, seriesName: string | null): string =>
  [
    rule && `rule ${rule}`,
    seriesName ?? fingerprint,
    series && `name ${series}`,
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  ]
    .filter(Boolean)
    .join(', ')

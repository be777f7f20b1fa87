import { randomUUID } from 'node:crypto'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { Logger } from '../../storage/running.ts'
import type { Meter } from '../../telemetry/meter.ts'
import { isActive, isFiring, type AlertRecord } from '../alerts/book.ts'
import type { Progress } from '../alerts/run/stored.ts'
import { readDocuments, type Stored } from '../queries/alerts/documents.ts'
import { levelsOf, readAlertLevels, seenOf } from '../queries/alerts/observed.ts'
import { readOutstanding, type Outstanding } from '../queries/alerts/outbox.ts'
import { readSettled } from '../queries/alerts/settled.ts'
import { readAllProxyNames } from '../queries/names.ts'
import { proxyLabel } from '../queries/rankings.ts'
import { refusal } from '../statistics/claims.ts'

/** Asked again after so long: several Prometheus read the same. */
const freshMs = 10_000
const timeoutMs = 5_000
const minute = 60_000
const windowMs = 5 * minute
/** So many series at most, the busiest: whoever has more asks the API. */
const mostProxies = 500
const mostAlerts = 500
const quantiles = [0.5, 0.95, 0.99] as const
const measures = ['added', 'overhead'] as const
const phases = ['pending', 'firing', 'keep', 'stale'] as const

type Label = 'proxy' | 'name' | 'measure' | 'fidelity' | 'quantile'
type Sample<Name extends string> = [Record<Name, string>, number]

interface Snapshot {
  readonly atMs: number
  readonly proxies: readonly Sample<Label>[]
  readonly requests: readonly Sample<Exclude<Label, 'quantile'>>[]
  readonly alerts: readonly AlertRecord[]
  readonly progress: readonly Stored<Partial<Progress>>[]
  readonly outstanding: readonly Outstanding[]
}

/** What Prometheus is told of proxies and alerts: read from ClickHouse when somebody asks, by the API, as the process of alerts has no port. */
export function alertMetrics(meter: Meter, clickhouse: ClickHouse, log: Logger): { refresh(): Promise<void> } {
  let known: Snapshot | null = null
  let readAt = -Infinity
  let reading: Promise<void> | null = null
  const read = async () => {
    try {
      known = await snapshot(clickhouse, AbortSignal.timeout(timeoutMs))
    } catch (error) {
      // What is not known is not there: no number of before is given out as one of now.
      if (known) log.warn({ err: error }, 'what /metrics says of proxies and alerts cannot be read')
      known = null
    }
    readAt = performance.now()
    reading = null
  }
  const refresh = async () => {
    if (performance.now() - readAt < freshMs) return
    reading ??= read()
    await reading
  }
  /** Whoever sends metrics instead of being asked sees what was read last, and has it read anew. */
  const samples =
    <Name extends string>(of: (snapshot: Snapshot) => readonly Sample<Name>[]) =>
    (): Sample<Name>[] => {
      void refresh()
      return known ? [...of(known)] : []
    }
  const named = <Name extends string>(name: string, unit: string, help: string, labels: Name[]) => ({
    ...{ name: `hopscope.${name}`, unit, help, labels },
  })

  meter.gauges<Label>(
    named('proxy.latency', 's', 'Quantiles of what a proxy adds over the last five settled minutes.', [
      ...(['proxy', 'name', 'measure', 'fidelity', 'quantile'] as const),
    ]),
    samples(({ proxies }) => proxies),
  )
  meter.gauges(
    named('proxy.requests', '{request}', 'Requests that these quantiles are of.', [
      ...(['proxy', 'name', 'measure', 'fidelity'] as const),
    ]),
    samples(({ requests }) => requests),
  )
  meter.gauges(
    named('alerts.active', '{alert}', 'Alerts by state; told are those that somebody is told of.', [
      ...(['state', 'told'] as const),
    ]),
    samples(({ alerts }) =>
      phases.flatMap((state) =>
        ['yes', 'no'].map((told): Sample<'state' | 'told'> => {
          const those = alerts.filter((one) => one.state.phase === state && isTold(one) === (told === 'yes'))
          return [{ state, told }, those.length]
        }),
      ),
    ),
  )
  meter.gauges(
    named('alerts.firing', '{alert}', '1 for each alert that fires and is told of.', [
      ...(['alert', 'rule', 'kind', 'series', 'measure'] as const),
    ]),
    samples(({ alerts }) =>
      alerts
        .filter((one) => isFiring(one) && isTold(one))
        .slice(0, mostAlerts)
        .map(({ id, ruleName: rule, series: { kind, name: series }, measure }) => [
          { alert: id, rule, kind, series, measure },
          1,
        ]),
    ),
  )
  const ofProgress = (of: (one: Stored<Partial<Progress>>, snapshot: Snapshot) => number | undefined) =>
    samples((snapshot) =>
      snapshot.progress.flatMap((one): Sample<'rules'>[] => {
        const value = of(one, snapshot)
        return value === undefined ? [] : [[{ rules: one.id }, value]]
      }),
    )
  meter.gauges(
    named('alerts.behind', 's', 'How long ago the last instant was that rules were evaluated for.', ['rules']),
    ofProgress(({ revision }, { atMs }) => Math.max(0, atMs - revision) / 1000),
  )
  meter.counted(
    named('alerts.evaluations', '{evaluation}', 'Evaluations of all rules of a kind.', ['rules']),
    ofProgress(({ body }) => body.evaluations),
  )
  meter.gauges(
    named('alerts.evaluation.duration', 's', 'Time of the last evaluation.', ['rules']),
    ofProgress(({ body }) => (body.durationMs === undefined ? undefined : body.durationMs / 1000)),
  )
  meter.gauges(
    named('alerts.rules_left_out', '{rule}', 'Rules that the last evaluation had no time for.', ['rules']),
    ofProgress(({ body }) => body.leftOut),
  )
  const outstanding = (state: Outstanding['state']) =>
    samples(({ outstanding }) =>
      outstanding.filter((one) => one.state === state).map(({ target, n }): Sample<'target'> => [{ target }, n]),
    )
  meter.gauges(
    named('alerts.outbox', '{notification}', 'Notifications that wait to be sent, by target.', ['target']),
    outstanding('waiting'),
  )
  meter.gauges(
    named('alerts.dead_letters', '{notification}', 'Notifications that were given up, by target; kept for 90 days.', [
      'target',
    ]),
    outstanding('dead'),
  )
  return { refresh }
}

const isTold = ({ pages, quiet, kind }: AlertRecord): boolean => quiet === null && (pages || kind !== 'regression')

async function snapshot(clickhouse: ClickHouse, signal: AbortSignal): Promise<Snapshot> {
  const options = { signal, queryId: `hopscope-metrics-${randomUUID()}` }
  const { settledMs, nowMs } = await readSettled(clickhouse)
  const toMs = Math.floor(settledMs / minute) * minute
  const [rows, names, alerts, progress, outstanding] = await Promise.all([
    readAlertLevels(
      clickhouse,
      { window: { fromMs: toMs - windowMs, toMs }, measures: [...measures], histograms: false },
      options,
    ),
    readAllProxyNames(clickhouse, { ...options, queryId: `${options.queryId}-names` }),
    readDocuments<AlertRecord>(clickhouse, { kinds: ['alert'], states: [...phases] }, { signal }),
    readDocuments<Partial<Progress>>(clickhouse, { kinds: ['progress'] }, { signal }),
    readOutstanding(clickhouse, { signal }),
  ])
  const proxies: Sample<Label>[] = []
  const requests: Sample<Exclude<Label, 'quantile'>>[] = []
  const busiest = [...levelsOf(rows)]
    .map(([id, metrics]) => ({ id, metrics, n: seenOf(metrics, { measure: 'added', q: null })?.n ?? 0 }))
    .sort((a, b) => b.n - a.n)
    .slice(0, mostProxies)
  for (const { id, metrics } of busiest)
    for (const measure of measures) {
      const seen = seenOf(metrics, { measure, q: null })
      if (!seen || seen.n === 0) continue
      const labels = { proxy: id, name: proxyLabel(names.get(id), id).name, measure, fidelity: seen.fidelity }
      requests.push([labels, seen.n])
      for (const q of quantiles) {
        const value = seenOf(metrics, { measure, q, fidelity: seen.fidelity })?.value ?? null
        // As everywhere: what may not be claimed is not said.
        if (value !== null && refusal(q, seen.n, seen.coverage) === undefined)
          proxies.push([{ ...labels, quantile: String(q) }, value / 1e9])
      }
    }
  const kinds = new Set(['threshold', 'regression'])
  return {
    ...{ atMs: nowMs, proxies, requests, outstanding },
    alerts: alerts.map(({ body }) => body).filter(isActive),
    progress: progress.filter(({ id }) => kinds.has(id)),
  }
}

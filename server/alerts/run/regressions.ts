import { subjectOf, type RegressionRule } from '../../api/contract-alert-rules.ts'
import type { EventItem } from '../../api/contract-events.ts'
import { isAbout, labelOf, type Subjects } from '../../queries/alerts/subjects.ts'
import { isActive, type AlertRecord, type Evaluated } from '../book.ts'
import { requestsIn } from '../minutes.ts'
import { judge, type FamilyMember } from '../regression.ts'
import { barOf, type Rule } from '../rule.ts'
import type { Reference } from '../baseline.ts'
import { shiftsAt, type Watched } from '../windows.ts'
import type { Wanted, WatchedSeries, Watching } from './watching.ts'

const minuteMs = 60_000
/** A release is what the hour before it is compared with for so long, minutes. */
const releaseFor = 120

export type RegressionRuleOf = Rule & { body: RegressionRule }

export const isRegression = (rule: Rule): rule is RegressionRuleOf => rule.body.kind === 'regression'

export function wantedBy(rules: readonly RegressionRuleOf[]): Wanted {
  return {
    metrics: new Set(rules.map(({ body }) => body.measure)),
    p95: new Set(rules.flatMap(({ body }) => (body.quantile === 0.95 ? [body.measure] : []))),
  }
}

export interface RegressionInput {
  readonly watching: Watching
  readonly subjects: Subjects
  /** Releases and changes of the last hours. */
  readonly events: readonly EventItem[]
  /** Whole minutes since 1970: what is evaluated ends there. */
  readonly end: number
  /** The alert of a rule and entity, if it has had one. */
  recordOf(id: string): AlertRecord | undefined
}

/** What a regression rule finds of each of its series; all of them are one family. */
export function evaluateRegression({ body }: RegressionRuleOf, input: RegressionInput): Evaluated[] {
  const { watching, subjects, end } = input
  const kind = subjectOf[body.measure]
  const family: (FamilyMember & { one: WatchedSeries })[] = []
  for (const one of chosenLevels(watching.all(body.measure), body, input)) {
    if (!isAbout(body.filter, subjects, kind, one.id)) continue
    const series = body.quantile === 0.95 ? one.p95 : one.p50
    if (!series) continue
    const record = input.recordOf(one.id)
    const active = record !== undefined && isActive(record)
    noteIncident(series, record, end)
    family.push({ one, series, shifts: shiftsAt(series, end, referenceOf(one, record, input)), isActive: active })
  }
  return judge(family, barOf(body)).map(({ finding, pages, shift, steady }, i): Evaluated => {
    const { one } = family[i]!
    return {
      series: { kind, id: one.id, name: labelOf(subjects, kind, one.id), fidelity: one.fidelity },
      ...{ finding, pages, value: shift && Math.round(shift.nowNs), n: shift?.n ?? 0 },
      ...{ steadyMs: steady * minuteMs },
      ...(shift && {
        ...{ before: Math.round(shift.beforeNs), baseline: shift.baseline },
        windowMs: shift.scale.minutes * minuteMs,
      }),
    }
  })
}

/** One level of each entity: that of its alert, that which is asked for, or the one with most requests lately. */
function chosenLevels(
  all: Iterable<WatchedSeries>,
  { filter }: RegressionRule,
  { end, recordOf }: RegressionInput,
): WatchedSeries[] {
  const chosen = new Map<string, { one: WatchedSeries; n: number }>()
  for (const one of all) {
    const record = recordOf(one.id)
    const wanted = record && isActive(record) ? record.series.fidelity : filter.fidelity
    if (wanted !== undefined && wanted !== one.fidelity) continue
    const n = requestsIn(one.p50.minutes, end - 75, end)
    const other = chosen.get(one.id)
    if (!other || n > other.n) chosen.set(one.id, { one, n })
  }
  return [...chosen.values()].map(({ one }) => one)
}

function referenceOf(
  one: WatchedSeries,
  record: AlertRecord | undefined,
  { events, subjects, end }: RegressionInput,
): Reference {
  const floor = record?.floorMs === null || record === undefined ? {} : { floor: Math.floor(record.floorMs / minuteMs) }
  if (record && isActive(record)) {
    const pin = Math.floor((record.startedMs ?? record.state.sinceMs) / minuteMs)
    return { ...floor, pin, ...(record.baseline && { kept: record.baseline }) }
  }
  const release = events.findLast((event) => isOf(event, one, subjects))
  const at = release && Math.floor(Number(BigInt(release.atUnixNano) / 1_000_000n) / minuteMs)
  return { ...floor, ...(at !== undefined && at < end && at >= end - releaseFor && { release: at }) }
}

/** Whether something happened to a proxy, to an end of a hop, or to what requests begin with. */
export function isOf(
  event: EventItem,
  { kind, id }: { kind: string; id: string },
  { proxies, hops, routes }: Subjects,
): boolean {
  const { service } = event.labels
  if (kind === 'proxy') {
    const name = proxies.get(id)
    return event.proxyId === id || (service !== undefined && (service === name?.name || service === name?.workload))
  }
  if (kind === 'hop') {
    const hop = hops.get(id)
    if (event.proxyId !== null && hop?.via.includes(event.proxyId)) return true
    return event.proxyId === null && service !== undefined && (service === hop?.caller || service === hop?.callee)
  }
  return service !== undefined && service === routes.get(id)?.service
}

/** While a series has an alert, and for as long as it was slower, it has no placebos. */
function noteIncident(series: Watched, record: AlertRecord | undefined, end: number): void {
  if (!record || !isActive(record)) return
  const from = Math.floor((record.startedMs ?? record.state.sinceMs) / minuteMs) - 1
  const last = series.incidents.at(-1)
  if (last && from <= last.to + 1) last.to = end
  else series.incidents.push({ from, to: end })
  if (series.incidents.length > 50) series.incidents.shift()
}

/** Alerts that fire now, for every page: the count in the navigation, chips beside what they are about, marks on charts. */
import type { Alert, AlertList } from '../../../server/api/contract-alerts.ts'
import { apiGet, apiPath } from '../api/get.ts'
import { timesRefreshed } from '../api/resource.svelte.ts'
import type { Mark } from '../charts/marks.ts'
import { msOf } from '../format/time.ts'
import { begunOf, whatOf } from './words.ts'

let open = $state.raw<readonly Alert[]>([])
const asked = $state({ times: 0 })
const everyMs = 30_000

/** Call while the shell is set up. What cannot be read leaves what was known: these are marks on other pages, no page of their own. */
export function watchOpenAlerts(): void {
  $effect(() => {
    void timesRefreshed()
    void asked.times
    const abort = new AbortController()
    const read = () =>
      apiGet<AlertList>(apiPath('/alerts', { state: 'firing' }), abort.signal).then(
        ({ items }) => (open = items),
        () => undefined,
      )
    void read()
    const timer = setInterval(() => document.hidden || void read(), everyMs)
    return () => {
      clearInterval(timer)
      abort.abort()
    }
  })
}

/** Somebody did something about an alert. */
export const reloadOpenAlerts = (): void => void asked.times++

/** Reactive: those that nobody silenced and that are not beneath another one. */
export const firingCount = (): number =>
  open.filter(({ silencedUntilUnixNano, partOf }) => silencedUntilUnixNano === null && partOf === null).length

/** Reactive: those of a proxy, hop or route. */
export const openAbout = (kind: Alert['series']['kind'], id: string): Alert[] =>
  open.filter(({ series }) => series.kind === kind && series.id === id)

/** When they began, for a time chart. @param measure only of this one. */
export const alertMarks = (kind: Alert['series']['kind'], id: string, measure?: string): Mark[] =>
  openAbout(kind, id)
    .filter((alert) => measure === undefined || alert.measure === measure)
    .map((alert) => ({ ms: msOf(begunOf(alert)), title: `alert: ${whatOf(alert)}` }))

/** Of every route that has one. */
export const routeAlertMarks = (): Mark[] =>
  open
    .filter(({ series }) => series.kind === 'trace')
    .map((alert) => ({ ms: msOf(begunOf(alert)), title: `alert: ${alert.series.name}` }))

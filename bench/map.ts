import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceMap } from '../server/api/contract-map.ts'
import { startBrowser } from '../test/browser/browser.ts'
import { send, settled } from '../test/browser/traffic.ts'
import { startHopscope } from '../test/harness.ts'
import { placesOf } from '../web/src/map/drawing.ts'
import { largeMap } from '../web/src/map/examples.ts'
import { graphOf } from '../web/src/map/graph.ts'
import { tracesOfMap } from './map-traffic.ts'
import { costOfMoving, devtoolsOf, taskMs } from './page-cost.ts'
import { median, report, round } from './report.ts'

/**
 * `npm run bench -- map [--json FILE]`: a map of 500 services and 2,000 hops. First its layout alone, then sent as spans through the
 * whole program and drawn by a browser: what opening, moving, zooming and refreshing it cost. Times are CPU ms; in the browser those
 * of the page's main thread, so that whatever else the machine does is not in them. `framesMs` are what passed between two frames.
 */
const runs = 15
const [services, hops] = [500, 2_000]

function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const example = largeMap(services, hops)
const graphs = Array.from({ length: runs }, () => cpuMs(() => graphOf(example.hops, example.proxies, 'gateways')))
const graph = graphOf(example.hops, example.proxies, 'gateways')
const layouts = Array.from({ length: runs }, () => cpuMs(() => placesOf(graph)))

const hopscope = await startHopscope({ HOPSCOPE_SETTLE_QUIET_MS: '1000', HOPSCOPE_SETTLE_MAX_MS: '10000' })
const browser = await startBrowser(hopscope.apiUrl)
try {
  const traces = tracesOfMap(example, Date.now())
  for (let i = 0; i < traces.length; i += 200)
    await send(hopscope, {
      resourceSpans: traces.slice(i, i + 200).flatMap((trace) => (trace as { resourceSpans: object[] }).resourceSpans),
    })
  await settled(hopscope, traces.length)
  const api = `${hopscope.apiUrl}/api/v1/map?from=now-1h`
  const read = async () => (await (await fetch(api)).json()) as ServiceMap
  // Rolled up a moment after it is analysed.
  let answer = await read()
  for (let tries = 0; answer.hops.length < hops && tries < 100; tries++, answer = await read()) await sleep(200)
  const answers: number[] = []
  for (let i = 0; i < runs; i++) {
    const began = performance.now()
    await (await fetch(api)).arrayBuffer()
    answers.push(performance.now() - began)
  }
  const { page } = await browser.open('/map?top=all')
  const devtools = await devtoolsOf(page)
  const cost = async (work: () => Promise<unknown>) => {
    const before = await taskMs(devtools)
    await work()
    await page.waitForTimeout(700)
    return round((await taskMs(devtools)) - before)
  }
  const settledPage = () => page.waitForLoadState('networkidle')
  const openCpuMs = await cost(async () => {
    await page.reload()
    await page.getByRole('application').waitFor()
    await settledPage()
  })
  const refreshCpuMs = await cost(async () => {
    await page.keyboard.press('r')
    await settledPage()
  })
  const hideCpuMs = await cost(() => page.getByLabel('hide').fill('callee ~ svc-4'))
  await page.getByLabel('hide').fill('')
  await page.getByRole('application').focus()
  const box = (await page.getByRole('application').boundingBox())!
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  const drag = async () => {
    await page.mouse.move(x, y)
    await page.mouse.down()
    const result = await costOfMoving(page, devtools, (step) => page.mouse.move(x - step * 5, y - (step % 20) * 4))
    await page.mouse.up()
    return result
  }
  const labels = await page.locator('.label').count()
  const nodes = await page.locator('.node').count()
  const panLarge = await drag()
  // As a map of so many hops opens: the hundred with most.
  await page.getByLabel('show', { exact: true }).selectOption('100')
  const panHundred = await drag()
  await page.getByLabel('show', { exact: true }).selectOption('all')
  await page.keyboard.press('0')
  const panWhole = await drag()
  await page.mouse.move(x, y)
  const zoom = await costOfMoving(page, devtools, (step) => page.mouse.wheel(0, step < 45 ? -40 : 40))
  await report('map', {
    hops: answer.hops.length,
    proxies: answer.proxies.length,
    runs,
    graphCpuMs: round(median(graphs)),
    layoutCpuMs: round(median(layouts)),
    answerMs: round(median(answers)),
    drawn: { labels, nodes },
    openCpuMs,
    refreshCpuMs,
    hideCpuMs,
    panLarge,
    panHundred,
    panWhole,
    zoom,
  })
} finally {
  await browser.close()
  await hopscope.stop()
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Heatmap } from '../server/api/contract-measurements.ts'
import { startBrowser, type TestBrowser } from '../test/browser/browser.ts'
import { screensWithData, type Screen } from '../test/browser/screens.ts'
import { largeTrace } from '../test/browser/trace-documents.ts'
import { send, sendRecorded, settled } from '../test/browser/traffic.ts'
import { startHopscope, type RunningHopscope } from '../test/harness.ts'
import { largeMeshTrace, partsOf } from './large-trace.ts'
import { costOfMoving, devtoolsOf } from './page-cost.ts'
import { median, report, round } from './report.ts'
import { firstLoad, go, heatmapRedraw, memoryOf, navigation, watch } from './web-parts.ts'

/**
 * `npm run bench -- web [--minutes=5] [--only=loads,heatmap,trace,memory] [--json FILE]`: what the built UI costs in a headless
 * Chromium over recorded traffic. `…Ms` are wall clock from the click, or the start of navigation, to the frame that shows it;
 * `cpuMs` is the page's main thread. Five minutes of refreshing every 5 s are as many refreshes as half an hour at 30 s.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    only: { type: 'string', default: 'loads,heatmap,trace,memory' },
    json: { type: 'string' },
  },
})
const parts = values.only.split(',')
const runs = 9
const traces = 3_000
const spansOfLarge = 100_000
const [meshTrace, flatTrace] = ['c0ffee'.padStart(32, '0'), 'facade'.padStart(32, '0')]
const targetsMs = { firstLoad: 1_500, navigation: 300, heatmapRedraw: 16, largeTrace: 500, frame: 33 }

async function loads(browser: TestBrowser, screens: readonly Screen[]) {
  const first: Record<string, unknown> = {}
  for (const screen of screens) first[screen.name] = await firstLoad(browser, screen, runs)
  const { page, context } = await browser.blank()
  await watch(context)
  await page.goto('/')
  const navigations: Record<string, unknown> = {}
  for (const [i, screen] of screens.entries()) {
    const from = screens[(i + screens.length - 1) % screens.length]!
    navigations[`${from.name} to ${screen.name}`] = await navigation(page, from, screen, runs)
  }
  await context.close()
  return { firstLoad: first, navigation: navigations }
}

/** The page of a hop whose heatmap has 300 columns and 120 rows, each cell with requests. */
async function heatmap(browser: TestBrowser, hop: Screen) {
  const { page, context } = await browser.blank()
  await page.route('**/heatmap?**', async (route) => {
    const answer = (await (await route.fetch()).json()) as Heatmap
    const stepMs = 60_000
    const toMs = Math.floor(Date.now() / stepMs) * stepMs
    const nano = (ms: number) => `${ms}000000`
    const counts = Array.from({ length: 300 }, (_, x) =>
      Array.from({ length: 120 }, (_, y) => ((x * 7 + y * 13) % 97) + 1),
    )
    await route.fulfill({
      json: {
        ...answer,
        stepMs,
        from: nano(toMs - 300 * stepMs),
        to: nano(toMs),
        timesUnixNano: counts.map((_, x) => nano(toMs - (300 - x) * stepMs)),
        boundsNs: Array.from({ length: 121 }, (_, y) => Math.round(10_000 * 2 ** (y / 8))),
        counts,
      } satisfies Heatmap,
    })
  })
  await page.goto(hop.path)
  await page.getByRole('application', { name: /heatmap/ }).waitFor()
  await page.waitForLoadState('networkidle')
  const cost = await heatmapRedraw(page, 2 * runs)
  await context.close()
  return cost
}

async function apiMs(url: string): Promise<{ ms: number; bytes: number }> {
  const took: number[] = []
  let bytes = 0
  for (let run = -1; run < 5; run++) {
    const began = performance.now()
    bytes = (await (await fetch(url)).arrayBuffer()).byteLength
    if (run >= 0) took.push(performance.now() - began)
  }
  return { ms: round(median(took)), bytes }
}

/** A stored trace opened from the list of traces, then scrolled from its first to its last row. */
async function storedTrace({ apiUrl }: RunningHopscope, browser: TestBrowser, traceId: string) {
  const { page, context } = await browser.blank()
  await watch(context)
  await page.goto('/traces')
  const [list, trace] = [
    { name: 'Traces', path: '/traces' },
    { name: 'Trace', path: `/traces/${traceId}` },
  ]
  const opened = await navigation(page, list, trace, 5)
  await go(page, trace)
  // Rows that fold hide some of the spans.
  await page.keyboard.press('[')
  await page.waitForTimeout(500)
  const devtools = await devtoolsOf(page)
  const scroll = (px: number) => costOfMoving(page, devtools, () => page.mouse.wheel(0, px))
  await page.mouse.move(700, 600)
  const [slowly, fast] = [await scroll(60), await scroll(12_000)]
  await page.keyboard.press('f')
  const rows = Number(await page.getByRole('treegrid').getAttribute('aria-rowcount')) - 1
  await context.close()
  const api = await apiMs(`${apiUrl}/api/v1/traces/${traceId}?format=columns`)
  return { rows, api, opened, scroll: { slowly, fast } }
}

/** The same number of spans out of a file: from the choice of the file to its rows. */
async function importedTrace(browser: TestBrowser) {
  const folder = await mkdtemp(join(tmpdir(), 'hopscope-bench-'))
  const file = join(folder, 'trace.json')
  const resourceSpans = largeTrace(flatTrace, spansOfLarge).flatMap((part) => part.resourceSpans)
  const text = JSON.stringify({ resourceSpans })
  await writeFile(file, text)
  const took: number[] = []
  try {
    for (let run = 0; run < 3; run++) {
      const { page, context } = await browser.open('/traces/import')
      const began = performance.now()
      await page.getByLabel('Trace file', { exact: true }).setInputFiles(file)
      await page.locator('[role="treegrid"] [data-at]').first().waitFor({ timeout: 60_000 })
      took.push(performance.now() - began)
      await context.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { ms: round(median(took)), bytes: text.length }
}

/** Pages that refresh every 5 s, each in a tab of its own, while requests come in. */
async function memory(hopscope: RunningHopscope, browser: TestBrowser, screens: readonly Screen[]) {
  const tabs = []
  for (const screen of screens) {
    const { page, context } = await browser.open(screen.path)
    await page.getByRole('button', { name: /^Live/ }).click()
    await page.getByRole('menuitemradio', { name: /every 5/ }).click()
    let refreshes = 0
    page.on('request', (request) => {
      if (request.url().includes('/api/v1/')) refreshes++
    })
    tabs.push({ screen, page, context, devtools: await page.context().newCDPSession(page), asked: () => refreshes })
  }
  // The first refreshes still bring code, shapes and marks that stay.
  await tabs[0]!.page.waitForTimeout(60_000)
  const before = await Promise.all(tabs.map(({ devtools }) => memoryOf(devtools)))
  for (const end = Date.now() + Number(values.minutes) * 60_000; Date.now() < end;) {
    await sendRecorded(hopscope, 30, 1)
    await tabs[0]!.page.waitForTimeout(Math.max(0, Math.min(20_000, end - Date.now())))
  }
  const figures: Record<string, unknown> = {}
  for (const [i, { screen, context, devtools, asked }] of tabs.entries()) {
    const [then, now] = [before[i]!, await memoryOf(devtools)]
    const growth = (mb: (of: typeof now) => number) => round((mb(now) / mb(then) - 1) * 100)
    const growthPercent = growth(({ heapMb }) => heapMb)
    const withoutCodePercent = growth(({ heapMb, codeMb }) => heapMb - codeMb)
    figures[screen.name] = { then, now, growthPercent, withoutCodePercent, requests: asked() }
    await context.close()
  }
  return figures
}

const hopscope = await startHopscope({ HOPSCOPE_SETTLE_QUIET_MS: '1000', HOPSCOPE_SETTLE_MAX_MS: '10000' })
const browser = await startBrowser(hopscope.apiUrl)
try {
  await sendRecorded(hopscope, traces, 55)
  const screens = await screensWithData(hopscope.apiUrl)
  const figures: Record<string, unknown> = {}
  if (parts.includes('loads')) Object.assign(figures, await loads(browser, screens))
  if (parts.includes('heatmap'))
    figures['heatmapRedraw'] = await heatmap(
      browser,
      screens.find(({ name }) => name === 'Hop')!,
    )
  if (parts.includes('memory')) figures['memory'] = await memory(hopscope, browser, screens)
  if (parts.includes('trace')) {
    const { engineUrl } = hopscope
    const count = async () =>
      Number(await (await fetch(`${engineUrl}/?database=hopscope&query=SELECT+sum(sign)+FROM+traces`)).text())
    const before = await count()
    for (const part of partsOf(largeMeshTrace(meshTrace, spansOfLarge, Date.now() - 900_000), 5_000))
      await send(hopscope, part)
    for (const part of largeTrace(flatTrace, spansOfLarge)) await send(hopscope, part)
    await settled(hopscope, before + 2)
    figures['largeTrace'] = {
      mesh: await storedTrace(hopscope, browser, meshTrace),
      flat: await storedTrace(hopscope, browser, flatTrace),
      imported: await importedTrace(browser),
    }
  }
  await report('web', { traces, runs, minutes: Number(values.minutes), targetsMs, ...figures })
} finally {
  await browser.close()
  await hopscope.stop()
}

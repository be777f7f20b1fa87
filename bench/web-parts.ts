import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import type { TestBrowser } from '../test/browser/browser.ts'
import type { Screen } from '../test/browser/screens.ts'
import { devtoolsOf, taskMs } from './page-cost.ts'
import { median, round } from './report.ts'

/** What stands on a screen as soon as its first data do. */
const firstData: Record<string, string> = {
  Overview: '.verdict h2',
  Map: '[role="application"] canvas',
  Hops: 'main tbody tr',
  Explore: '[role="application"] canvas',
  Traces: 'main tbody tr',
  Compare: 'main tbody tr',
  Data: 'main h2',
  Hop: '[role="application"] canvas',
  Proxy: '[role="application"] canvas',
  Trace: '[role="treegrid"] [data-at]',
}

/** Counts what is being fetched and read, so that a page can say when it stands. */
const watcher = `(() => {
  let open = 0
  const counted = (promise) => { open++; return promise.finally(() => setTimeout(() => open--)) }
  const [ask, read] = [window.fetch, Response.prototype.json]
  window.fetch = (...args) => counted(ask.apply(window, args))
  Response.prototype.json = function () { return counted(read.call(this)) }
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  const until = async (isSo) => {
    const deadline = performance.now() + 120_000
    do {
      await frame()
      if (performance.now() > deadline) throw new Error('not there after 2 min: ' + location + ', open ' + open)
    } while (!isSo())
    await frame()
    return performance.now()
  }
  /** ms since the page began: when its first data were painted, and when nothing was missing. */
  window.stands_ = async (path, selector, sinceMs = 0) => {
    const is = () => location.pathname === path && document.querySelector(selector) !== null
    const shown = await until(is)
    const complete = await until(() => is() && open === 0 && !document.querySelector('main [aria-busy="true"], main .skeleton'))
    return { shown: shown - sinceMs, complete: complete - sinceMs }
  }
})()`

export async function watch(context: BrowserContext): Promise<void> {
  await context.addInitScript(watcher)
}

interface Stood {
  shown: number
  complete: number
}
export interface Opening {
  /** ms until first data are painted; until all are. */
  shownMs: number
  completeMs: number
  slowestMs: number
  /** Of the page's main thread. */
  cpuMs: number
}

function opening(stood: readonly Stood[], cpu: readonly number[]): Opening {
  return {
    shownMs: round(median(stood.map(({ shown }) => shown))),
    completeMs: round(median(stood.map(({ complete }) => complete))),
    slowestMs: round(Math.max(...stood.map(({ complete }) => complete))),
    cpuMs: round(median(cpu)),
  }
}

const pathOf = (address: string) => address.split('?')[0]!
const standing = (screen: Screen, since = '0') =>
  `window.stands_(${JSON.stringify(pathOf(screen.path))}, ${JSON.stringify(firstData[screen.name])}, ${since})`

/** A reader who comes for the first time: nothing in the cache. */
export async function firstLoad(browser: TestBrowser, screen: Screen, runs: number): Promise<Opening> {
  const [stood, cpu]: [Stood[], number[]] = [[], []]
  for (let run = 0; run < runs; run++) {
    const { page, context } = await browser.blank()
    await watch(context)
    const devtools = await devtoolsOf(page)
    await page.goto(screen.path, { waitUntil: 'commit' })
    stood.push(await page.evaluate<Stood>(standing(screen)))
    cpu.push(await taskMs(devtools))
    await context.close()
  }
  return opening(stood, cpu)
}

/** From one screen to another by a link, both of which were seen before. */
export async function navigation(page: Page, from: Screen, to: Screen, runs: number): Promise<Opening> {
  const devtools = await devtoolsOf(page)
  const [stood, cpu]: [Stood[], number[]] = [[], []]
  for (let run = -1; run < runs; run++) {
    await go(page, from)
    await page.waitForTimeout(100)
    const before = await taskMs(devtools)
    const took = await go(page, to)
    if (run < 0) continue
    stood.push(took)
    cpu.push((await taskMs(devtools)) - before)
  }
  await devtools.detach()
  return opening(stood, cpu)
}

/** Follows a link to a screen, as a click does. */
export const go = (page: Page, screen: Screen): Promise<Stood> =>
  page.evaluate<Stood>(`(() => {
    const link = document.createElement('a')
    link.href = ${JSON.stringify(screen.path)}
    document.querySelector('.shell').append(link)
    const since = performance.now()
    link.click()
    link.remove()
    return ${standing(screen, 'since')}
  })()`)

/** ms from the first touch of the heatmap's canvas to its pixels; CPU ms of everything that a new width of the page costs. */
export async function heatmapRedraw(page: Page, runs: number) {
  await page.evaluate(`(() => {
    window.drawn_ = []
    let began = 0
    const { set, get } = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, 'width')
    const put = CanvasRenderingContext2D.prototype.putImageData
    Object.defineProperty(HTMLCanvasElement.prototype, 'width', { get, set(px) { began = performance.now(); set.call(this, px) } })
    CanvasRenderingContext2D.prototype.putImageData = function (...args) {
      put.apply(this, args)
      window.drawn_.push(performance.now() - began)
    }
  })()`)
  const devtools = await devtoolsOf(page)
  const cpu: number[] = []
  for (let run = 0; run < runs; run++) {
    const before = await taskMs(devtools)
    await page.setViewportSize({ width: run % 2 === 0 ? 1400 : 1440, height: 900 })
    await page.waitForTimeout(150)
    cpu.push((await taskMs(devtools)) - before)
  }
  await devtools.detach()
  const drawn = await page.evaluate<number[]>('window.drawn_')
  return {
    draws: drawn.length,
    drawMs: round(median(drawn)),
    slowestMs: round(Math.max(...drawn)),
    cpuMsOfResize: round(median(cpu)),
  }
}

/**
 * What is left after garbage is gone: MB of the heap of JavaScript, of it what V8 compiled and optimised, which goes on for
 * some hundred refreshes and then stays; nodes of the document, listeners.
 */
export async function memoryOf(devtools: CDPSession) {
  for (let i = 0; i < 3; i++) await devtools.send('HeapProfiler.collectGarbage')
  const { usedSize } = await devtools.send('Runtime.getHeapUsage')
  const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters')
  const [heapMb, codeMb] = [round(usedSize / 2 ** 20), round((await codeBytes(devtools)) / 2 ** 20)]
  return { heapMb, codeMb, nodes, listeners: jsEventListeners }
}

interface HeapSnapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[]] } }
  nodes: number[]
}

async function codeBytes(devtools: CDPSession): Promise<number> {
  const chunks: string[] = []
  const take = ({ chunk }: { chunk: string }) => chunks.push(chunk)
  devtools.on('HeapProfiler.addHeapSnapshotChunk', take)
  await devtools.send('HeapProfiler.takeHeapSnapshot')
  devtools.off('HeapProfiler.addHeapSnapshotChunk', take)
  const { snapshot, nodes } = JSON.parse(chunks.join('')) as HeapSnapshot
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [type, size] = [fields.indexOf('type'), fields.indexOf('self_size')]
  const code = types[0].indexOf('code')
  let bytes = 0
  for (let at = 0; at < nodes.length; at += fields.length) if (nodes[at + type] === code) bytes += nodes[at + size]!
  return bytes
}

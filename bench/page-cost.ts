import type { CDPSession, Page } from 'playwright-core'
import { median, round } from './report.ts'

/** What a page costs its main thread: CPU ms, so that whatever else the machine does is not in them. */
export async function devtoolsOf(page: Page): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' })
  await devtools.send('Performance.enable')
  return devtools
}

/** CPU ms of the page's main thread so far. */
export async function taskMs(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000
}

export interface Moved {
  cpuMsPerFrame: number
  framesMs: { median: number; p95: number; longest: number }
  frames: number
}

/** What the frames of one movement cost; `framesMs` are what passed between two of them. */
export async function costOfMoving(
  page: Page,
  devtools: CDPSession,
  move: (step: number) => Promise<void>,
): Promise<Moved> {
  await page.evaluate(`(() => {
    window.frames_ = []; window.counting_ = true
    const next = (at) => { window.frames_.push(at); if (window.counting_) requestAnimationFrame(next) }
    requestAnimationFrame(next)
  })()`)
  const before = await taskMs(devtools)
  for (let step = 0; step < 90; step++) await move(step)
  const spent = (await taskMs(devtools)) - before
  const times = await page.evaluate<number[]>('((window.counting_ = false), window.frames_)')
  const between = times.slice(1).map((at, i) => at - times[i]!)
  const sorted = between.toSorted((a, b) => a - b)
  return {
    frames: between.length,
    cpuMsPerFrame: round(spent / between.length),
    framesMs: {
      median: round(median(between)),
      p95: round(sorted[Math.floor(sorted.length * 0.95)]!),
      longest: round(sorted.at(-1)!),
    },
  }
}

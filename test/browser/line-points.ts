import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { ExploreRequestList } from '../../server/api/contract-explore.ts'
import { addressOf, loaded } from './browser.ts'

interface LineChart {
  /** Of its panel. */
  readonly title: string
  /** Of its percentile lines. */
  readonly series: {
    readonly stepMs: number
    readonly points: readonly {
      readonly startUnixNano: string
      readonly n: number
      readonly p50Ns: number | null
      readonly p95Ns: number | null
    }[]
  }
  /** Of the API, all its requests: `…/api/v1/explore/requests?measure=endToEnd`. */
  readonly requests: string
}

/**
 * Clicks the point of p50 in a step of a chart over time, and between it and p95, and holds the requests that open against all of the step:
 * none lies between what opened and what was clicked.
 */
export async function opensWhatLiesAtOrBelow(page: Page, { title, series, requests }: LineChart): Promise<void> {
  const isUsable = ({ n, p95Ns }: { n: number; p95Ns: number | null }) => n < 200 && p95Ns !== null
  const point = series.points.filter(isUsable).toSorted((a, b) => b.n - a.n)[0]!
  const startMs = Number(BigInt(point.startUnixNano) / 1_000_000n)
  const answer = await fetch(`${requests}&from=${startMs}&to=${startMs + series.stepMs}&selMinNs=0&limit=200`)
  const { items } = (await answer.json()) as ExploreRequestList
  expect(items.length).toBe(point.n)
  const chart = page.getByRole('region', { name: title, exact: true })
  const layer = chart.getByRole('slider')
  const here = (await addressOf(page)).href
  // What a quantile of a histogram may be beside the value, and a px of the log axis.
  for (const [off, ns] of [
    [1.02, () => point.p50Ns!],
    [1.05, () => Math.sqrt(point.p50Ns! * point.p95Ns!)],
  ] as const) {
    await layer.scrollIntoViewIfNeeded()
    const box = (await layer.boundingBox())!
    const [fromMs, toMs] = await Promise.all(
      ['aria-valuemin', 'aria-valuemax'].map(async (name) => Number(await layer.getAttribute(name))),
    )
    const x = box.x + (box.width * (startMs + series.stepMs / 2 - fromMs!)) / (toMs! - fromMs!)
    await page.mouse.move(x, box.y + 4)
    const dots = chart.locator('.dot')
    const middle = async (i: number) => {
      const { y, height } = (await dots.nth(i).boundingBox())!
      return y + height / 2
    }
    const last = (await dots.count()) - 1
    const p50 = await middle(last)
    await page.mouse.click(x, off === 1.02 ? p50 : (p50 + (await middle(last - 1))) / 2)
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/)
    const { pathname, searchParams } = await addressOf(page)
    const of = (id: string | null) => (each: { traceId: string; spanId: string }) =>
      pathname.endsWith(each.traceId) && (id === null || each.spanId === id)
    const opened = items.find(of(searchParams.get('span')))!.ns
    expect(opened).toBeLessThanOrEqual(ns() * off)
    expect(items.filter((each) => each.ns > opened && each.ns < ns() / off).length).toBe(0)
    await page.goto(here)
    await loaded(page)
  }
}

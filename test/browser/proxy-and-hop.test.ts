import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { HopDetail, HopList, ProxyItem, ProxyList, Series } from '../../server/api/contract-measurements.ts'
import { addressOf, axe, loaded, queryOf, startSite, themes, type Site } from './browser.ts'
import { opensWhatLiesAtOrBelow } from './line-points.ts'

let site: Site
let gateway: ProxyItem
let hopId: string

beforeAll(async () => {
  site = await startSite(1_500)
  const get = async <T>(path: string) => (await (await fetch(`${site.hopscope.apiUrl}/api/v1${path}`)).json()) as T
  const { items: proxies } = await get<ProxyList>('/proxies')
  gateway = proxies.find(({ role, added }) => role === 'gateway' && added[0]?.p50Ns)!
  const { items: hops } = await get<HopList>('/hops')
  hopId = hops.find(({ kind, via }) => kind === 'internal' && via.length > 0)!.id
})
afterAll(() => site?.close())

const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

describe('the page of a proxy', () => {
  it.each(themes)('answers what it adds and from what that is known, in %s', async (theme) => {
    const { page, context, complaints } = await site.open(`/proxies/${gateway.id}`, { theme })
    const [added] = gateway.added
    const microseconds = String(Math.round(added!.p50Ns! / 1_000))
    const row = page.getByRole('row', { name: /^Added time/ }).first()
    expect(await row.textContent()).toContain(
      added!.p50Ns! < 999_500 ? microseconds : `${(added!.p50Ns! / 1e6).toFixed(2)}`,
    )
    await page.locator('.badge', { hasText: added!.fidelity }).waitFor()
    await page.getByRole('row', { name: /^of which in-process/ }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('says in one sentence what added time is', async () => {
    const { page, context } = await site.open(`/proxies/${gateway.id}`)
    await page.getByRole('button', { name: 'What is Added time?' }).first().click()
    await page.getByText('What this proxy costs whoever calls through it').first().waitFor()
    await context.close()
  })

  it('keeps the metric in its address', async () => {
    const { page, context } = await site.open(`/proxies/${gateway.id}`)
    await page.getByRole('radio', { name: 'In-process' }).check()
    await loaded(page)
    expect((await queryOf(page)).get('metric')).toBe('overhead')
    await panel(page, 'In-process time').getByRole('application').waitFor()
    await page.goBack()
    await panel(page, 'Added time').getByRole('application').waitFor()
    await context.close()
  })

  it('ux 4: zooms to what is brushed over its heatmap and back on Esc', async () => {
    const { page, context } = await site.open(`/proxies/${gateway.id}`)
    const box = (await page.getByRole('application').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.4, box.y + 50)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.7, box.y + 90, { steps: 5 })
    await page.mouse.up()
    await loaded(page)
    const [from, to] = [Number((await queryOf(page)).get('from')), Number((await queryOf(page)).get('to'))]
    expect((to - from) % 60_000).toBe(0)
    expect(to - from).toBeGreaterThan(10 * 60_000)
    expect(to - from).toBeLessThan(30 * 60_000)
    await page.keyboard.press('Escape')
    await loaded(page)
    expect((await queryOf(page)).get('from')).toBeNull()
    await context.close()
  })

  it('ux 4: goes back by a double click on its heatmap, also on a cell that one click opens', async () => {
    const { page, context } = await site.open(`/proxies/${gateway.id}`)
    const from = async () => (await queryOf(page)).get('from')
    const plot = page.getByRole('application')
    await plot.focus()
    await page.keyboard.press('End')
    for (let i = 0; i < 20; i++) await page.keyboard.press('Shift+ArrowLeft')
    await page.keyboard.press('Enter')
    await expect.poll(from).not.toBeNull()
    await loaded(page)
    const cell = async () => {
      await plot.focus()
      await page.keyboard.press('Home')
      const spoken = page.locator('[aria-live="polite"]').first()
      for (let i = 0; i < 60 && !/, [1-9]\d* of/.test((await spoken.textContent())!); i++)
        await page.keyboard.press('ArrowRight')
      const { x, y, width, height } = (await page.locator('rect.cell').boundingBox())!
      return [x + width / 2, y + height / 2] as const
    }
    const zoomed = (await addressOf(page)).href
    await page.mouse.dblclick(...(await cell()))
    await expect.poll(from).toBeNull()
    expect((await addressOf(page)).pathname).toBe(`/proxies/${gateway.id}`)
    await page.goBack()
    await loaded(page)
    expect((await addressOf(page)).href).toBe(zoomed)
    await page.mouse.click(...(await cell()))
    await page.waitForURL('**/traces?**')
    await context.close()
  })

  it('ux 9: leads by keys from a cell to the traces behind it', async () => {
    const { page, context } = await site.open(`/proxies/${gateway.id}`)
    await page.getByRole('application').focus()
    await page.keyboard.press('Home')
    let said = ''
    for (let i = 0; i < 60 && !/, [1-9]\d* of/.test(said); i++) {
      await page.keyboard.press('ArrowRight')
      said = (await page.locator('[aria-live="polite"]').first().textContent()) ?? ''
    }
    expect(said).toMatch(/, [1-9]\d* of/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/traces?**')
    const query = await queryOf(page)
    expect(query.get('proxy')).toBe(gateway.id)
    expect(Number(query.get('to')) - Number(query.get('from'))).toBe(60_000)
    const answer = await fetch(`${site.hopscope.apiUrl}/api/v1/traces?${withoutVersion(query)}`)
    const { items } = (await answer.json()) as { items: unknown[] }
    expect(items.length).toBeGreaterThan(0)
    await context.close()
  })

  it('ux 6: shows its heatmap as a table too', async () => {
    const { page, context } = await site.open(`/proxies/${gateway.id}`)
    await page.getByRole('button', { name: 'Show as table' }).click()
    const table = page.getByRole('region', { name: `Added time of ${gateway.name}, as a table` }).getByRole('table')
    const ns = await table.locator('tbody td:nth-child(2)').allTextContents()
    const n = ns.reduce((sum, text) => sum + Number(text.replace(/\D/g, '')), 0)
    expect(n).toBe(gateway.added[0]!.n)
    expect(await axe(page)).toEqual([])
    await context.close()
  })

  it('says so when nothing was ever known by an id, and when nothing is in the range', async () => {
    const unknown = await site.open('/proxies/ffffffffffffffff')
    await unknown.page.getByRole('heading', { name: 'There is no proxy with the id ffffffffffffffff.' }).waitFor()
    expect(await axe(unknown.page)).toEqual([])
    await unknown.context.close()
    const quiet = await site.open(`/proxies/${gateway.id}?from=1767225600000&to=1767229200000`)
    await quiet.page.getByText(`No requests through ${gateway.name}`).waitFor()
    expect(await axe(quiet.page)).toEqual([])
    await quiet.context.close()
  })
})

describe('what the figures rest on', () => {
  const pages = () => [`/proxies/${gateway.id}`, `/hops/${hopId}`]

  it.each([
    ['light', 'desktop'],
    ['dark', 'desktop'],
    ['light', 'phone'],
  ] as const)('is one line that opens to the ledger, %s on a %s', async (theme, size) => {
    for (const path of pages()) {
      const { page, context, complaints } = await site.open(path, { theme, size })
      const line = page.locator('summary', { hasText: 'Coverage' })
      await line.waitFor()
      const table = page.getByRole('table', { name: /^Of [\d\s]+ requests, so many show/ })
      expect(await table.isVisible()).toBe(false)
      await line.focus()
      await page.keyboard.press('Enter')
      await table.waitFor()
      expect(await axe(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0)
      await page.keyboard.press('Escape')
      expect(await table.isVisible()).toBe(false)
      expect(await line.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true)
      expect(complaints).toEqual([])
      await context.close()
    }
  })

  it('has the shares that the API has', async () => {
    const answer = await fetch(`${site.hopscope.apiUrl}/api/v1/hops/${hopId}`)
    const { ledger } = (await answer.json()) as HopDetail
    const { page, context } = await site.open(`/hops/${hopId}`)
    await page.locator('summary', { hasText: 'Coverage' }).click()
    const wire = ledger.layers.find(({ layer }) => layer === 'wire')!
    const row = page.getByRole('row', { name: /^a wire told apart from proxies/ })
    expect((await row.textContent())!.replace(/\D/g, '')).toContain(String(wire.requests))
    for (const { flag, requests } of ledger.reasons) {
      const noted = await page.locator(`th[title="${flag}"] ~ td`).last().textContent()
      expect([flag, noted!.replace(/\D/g, '')]).toEqual([flag, String(requests)])
    }
    await context.close()
  })
})

it.each(['desktop', 'tablet', 'phone'] as const)('the widest tables of a proxy fit a %s', async (size) => {
  const { items } = (await (await fetch(`${site.hopscope.apiUrl}/api/v1/proxies`)).json()) as ProxyList
  const widest = items.find(({ errors, added }) => errors > 0 && added.length > 0)!
  const { page, context } = await site.open(`/proxies/${widest.id}`, { size })
  expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0)
  await context.close()
})

describe('the page of a hop', () => {
  it.each(themes)('adds its segments up to its transit, in %s', async (theme) => {
    const { page, context, complaints } = await site.open(`/hops/${hopId}`, { theme })
    const sum = (await page.getByText(/^together/).textContent()) ?? ''
    const [, parts, whole] = /together (.+) mean, of a mean transit of (.+)/.exec(sum.trim()) ?? []
    expect(parts).toBe(whole)
    await panel(page, 'Over time').waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('ux 9: opens from a point of its chart a request that lies at or just below it', async () => {
    const api = `${site.hopscope.apiUrl}/api/v1`
    const range = `from=${Date.now() - 8 * 3_600_000}&to=${Date.now()}`
    const series = (await (await fetch(`${api}/hops/${hopId}/series?${range}`)).json()) as Series
    const { page, context } = await site.open(`/hops/${hopId}?${range}&v=1`)
    const requests = `${api}/explore/requests?measure=transit&fidelity=${series.fidelity}&q=hop+%3D+${hopId}`
    await opensWhatLiesAtOrBelow(page, { title: 'Over time', series, requests })
    await context.close()
  })

  it('leads to the proxies on its way', async () => {
    const { page, context } = await site.open(`/hops/${hopId}`)
    const link = panel(page, 'On the way').getByRole('link').first()
    const name = await link.textContent()
    await link.click()
    await page.getByRole('heading', { level: 1, name: name!, exact: true }).waitFor()
    await context.close()
  })

  it('fits a phone', async () => {
    const { page, context } = await site.open(`/hops/${hopId}`, { size: 'phone' })
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0)
    expect(await axe(page)).toEqual([])
    await context.close()
  })
})

function withoutVersion(query: URLSearchParams): string {
  const copy = new URLSearchParams(query)
  copy.delete('v')
  return String(copy)
}

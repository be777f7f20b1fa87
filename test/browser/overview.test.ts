import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RouteList } from '../../server/api/contract-catalogue.ts'
import type { Overview } from '../../server/api/contract-measurements.ts'
import { addressOf, axe, loaded, queryOf, startSite, type Site, type View } from './browser.ts'
import { opensWhatLiesAtOrBelow } from './line-points.ts'

let site: Site
beforeAll(async () => {
  site = await startSite(1_000)
}, 300_000)
afterAll(() => site?.close())

const views: Required<Pick<View, 'theme' | 'size'>>[] = [
  { theme: 'light', size: 'desktop' },
  { theme: 'light', size: 'tablet' },
  { theme: 'dark', size: 'phone' },
]

describe.each(['/', '/hops', '/hops?show=proxies&v=1'])('%s', (path) => {
  it.each(views)('is accessible and fits the window, in $theme on a $size', async (view) => {
    const { page, context, complaints } = await site.open(path, view)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).not.toBe('')
    expect(await axe(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('the overview', () => {
  it.each(views)('opens what its figures rest on by keys, in $theme on a $size', async (view) => {
    const { page, context } = await site.open('/', view)
    const line = page.locator('.coverage summary')
    await line.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('table', { name: /^What the figures rest on/ }).waitFor()
    const deciles = page.getByRole('table', { name: /^Complete requests, from the fastest tenth/ })
    expect(await deciles.getByRole('row').count()).toBe(10)
    expect(await axe(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0)
    await page.keyboard.press('Escape')
    expect(await deciles.isVisible()).toBe(false)
    await context.close()
  })

  it('ux 4: narrows the range of the page by a brush, says how deep it is, and widens it again by double click and Esc', async () => {
    const { page, context } = await site.open('/')
    const layer = page.getByRole('slider', { name: 'Over time: time' })
    const box = (await layer.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.4, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.7, box.y + 60, { steps: 4 })
    await page.mouse.up()
    const [from, to] = [Number((await queryOf(page)).get('from')), Number((await queryOf(page)).get('to'))]
    expect(to - from).toBeGreaterThan(15 * 60_000)
    expect(to - from).toBeLessThan(23 * 60_000)
    await page.mouse.move(0, 0)
    expect(await page.getByRole('button', { name: /^Zoom out/ }).innerText()).toMatch(/\b1$/)
    // Every chart of the page has that time, and can be brushed again.
    await loaded(page)
    for (const chart of await page.getByRole('slider', { name: /: time$/ }).all()) {
      expect(Number(await chart.getAttribute('aria-valuemin'))).toBe(from)
      expect(Number(await chart.getAttribute('aria-valuemax'))).toBe(to)
    }
    const deeper = (await layer.boundingBox())!
    await page.mouse.move(deeper.x + deeper.width * 0.2, deeper.y + 40)
    await page.mouse.down()
    await page.mouse.move(deeper.x + deeper.width * 0.6, deeper.y + 40, { steps: 4 })
    await page.mouse.up()
    await page.mouse.move(0, 0)
    expect(await page.getByRole('button', { name: /^Zoom out/ }).innerText()).toMatch(/\b2$/)
    await page.keyboard.press('Escape')
    expect((await queryOf(page)).get('from')).toBe(String(from))
    await page.keyboard.press('Escape')
    expect((await queryOf(page)).get('from')).toBeNull()
    await page.getByRole('button', { name: /^Zoom out/ }).waitFor({ state: 'detached' })
    await loaded(page)
    // The same by keys, and back by a double click.
    await layer.focus()
    await page.keyboard.press('Home')
    for (let i = 0; i < 20; i++) await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await queryOf(page)).get('from')).not.toBeNull()
    await loaded(page)
    await layer.dblclick({ position: { x: 200, y: 40 } })
    await expect.poll(async () => (await queryOf(page)).get('from')).toBeNull()
    await context.close()
  })

  it('ux 9: opens from a point of its chart a request that lies at or just below it, of the route that is shown', async () => {
    const api = `${site.hopscope.apiUrl}/api/v1`
    const get = async <T>(path: string) => (await (await fetch(`${api}${path}`)).json()) as T
    const range = `from=${Date.now() - 8 * 3_600_000}&to=${Date.now()}`
    const [route] = (await get<RouteList>(`/routes?${range}`)).items
    const shown = `${range}&route=${route!.id}`
    const { series } = await get<Overview>(`/overview?${shown}`)
    const q = encodeURIComponent(`root = "${route!.rootService}" name = "${route!.rootName}"`)
    const { page, context } = await site.open(`/?${shown}&v=1`)
    const requests = `${api}/explore/requests?measure=endToEnd&q=${q}`
    await opensWhatLiesAtOrBelow(page, { title: 'Over time', series, requests })
    // By keys: the highest line of the step.
    const layer = page.getByRole('slider', { name: 'Over time: time' })
    await layer.press('End')
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/)
    await context.close()
  })

  it('ux 5, ux 9: where nothing hovers, a first touch of the chart shows a step, and a second opens a request of it', async () => {
    const { page, context } = await site.open('/', { size: 'phone' })
    const layer = page.getByRole('slider', { name: 'Over time: time' })
    await layer.scrollIntoViewIfNeeded()
    const { x, y, width } = (await layer.boundingBox())!
    const touch = () => page.touchscreen.tap(x + width * 0.6, y + 50)
    await touch()
    await page.locator('.tip').waitFor()
    expect((await addressOf(page)).pathname).toBe('/')
    await touch()
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/)
    await context.close()
  })

  it('ux 16: scales and moves the time of the page by w, s, a and d; Shift moves further; 0 is the whole of it again', async () => {
    const { page, context } = await site.open('/')
    const ends = async () =>
      [Number((await queryOf(page)).get('from')), Number((await queryOf(page)).get('to'))] as const
    const press = async (key: string) => {
      const before = await addressOf(page)
      await page.keyboard.press(key)
      await expect.poll(async () => (await addressOf(page)).href).not.toBe(before.href)
      return ends()
    }
    const [from, to] = await press('w')
    expect(Math.abs(to - from - 30 * 60_000)).toBeLessThanOrEqual(2 * 60_000)
    const quarter = (to - from) / 4
    expect(await press('a')).toEqual([from - quarter, to - quarter])
    expect(await press('A')).toEqual([from - 5 * quarter, to - 5 * quarter])
    expect(await press('D')).toEqual([from - quarter, to - quarter])
    expect(await press('d')).toEqual([from, to])
    const [narrow, narrowTo] = await press('w')
    expect(narrowTo - narrow).toBeLessThan(to - from)
    expect(await press('s')).toEqual([from, to])
    await press('w')
    await page.keyboard.press('0')
    await expect.poll(async () => (await queryOf(page)).get('from')).toBeNull()
    const [wide, now] = await press('s')
    expect(now - wide).toBe(2 * 3_600_000)
    expect(Math.abs(now - Date.now())).toBeLessThan(600_000)
    await context.close()
  })

  it('reads a chart out by arrow keys, zooms by Shift and Enter, and shows it as a table', async () => {
    const { page, context } = await site.open('/')
    const layer = page.getByRole('slider', { name: 'Over time: time' })
    await layer.focus()
    // A third of the hour from its beginning: there are requests, also when the last are some minutes old.
    await page.keyboard.press('Home')
    for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight')
    expect(await layer.getAttribute('aria-valuetext')).toMatch(/^\d\d:\d\d – \d\d:\d\d, p99 .*, n \d+$/)
    for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Enter')
    expect((await queryOf(page)).get('to')).not.toBeNull()
    await loaded(page)
    await page.getByRole('button', { name: 'Show as table' }).click()
    const rows = page.getByRole('region', { name: 'Over time, as a table' }).getByRole('row')
    expect(await rows.count()).toBeGreaterThan(3)
    await context.close()
  })

  it('adds up: the parts of a split come to its total, to the nanosecond', async () => {
    const { page, context } = await site.open('/')
    const cells = await page.locator('table.across tbody tr').first().locator('td > span').all()
    const titles = await Promise.all(cells.map(async (cell) => (await cell.getAttribute('title')) ?? ''))
    const ns = (text: string) => Number(text.replaceAll(/\D/g, ''))
    const parts = titles.map((title) => title.split(' of ').map((part) => ns(part.split('\u202fns')[0] ?? '')))
    expect(parts.length).toBeGreaterThan(3)
    expect(parts.reduce((sum, [part = 0]) => sum + part, 0)).toBe(parts[0]?.[1])
    await context.close()
  })

  it('ux 8: keeps the percentile of its rankings in the address', async () => {
    const { page, context } = await site.open('/')
    await page.getByLabel('percentile').selectOption('p99')
    expect((await queryOf(page)).get('p')).toBe('p99')
    await page.reload()
    await loaded(page)
    expect(await page.getByRole('columnheader', { name: /^p99/ }).count()).toBe(2)
    await context.close()
  })

  it('ux 23: leads from a window without data to the last there is', async () => {
    const { page, context } = await site.open('/?from=1700000000000&to=1700003600000&v=1')
    await page.getByText(/^No requests from 2023-11-14/).waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByRole('link', { name: /^Go to last data/ }).click()
    await page.getByRole('region', { name: 'Over time', exact: true }).waitFor()
    await context.close()
  })
})

describe('the lists of hops and proxies', () => {
  it('search as one types, say when nothing is found, and clear', async () => {
    const { page, context } = await site.open('/hops')
    const all = await page.locator('tbody tr').count()
    await page.keyboard.press('/')
    await page.keyboard.type('krakend')
    await expect.poll(() => page.locator('tbody tr').count()).toBeLessThan(all)
    expect((await queryOf(page)).get('q')).toBe('krakend')
    await page.keyboard.type(' nowhere')
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await expect.poll(() => page.locator('tbody tr').count()).toBe(all)
    await context.close()
  })

  it('sort by any column, as the address says', async () => {
    const { page, context } = await site.open('/hops')
    await page.getByRole('button', { name: /^requests/ }).click()
    expect((await queryOf(page)).get('sort')).toBe('-requests')
    const counts = await page.locator('tbody tr td:nth-child(3)').allInnerTexts()
    const numbers = counts.map((text) => Number(text.replaceAll(/\D/g, '')))
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a))
    expect(numbers[0]).toBeGreaterThan(0)
    await context.close()
  })
})

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, axe, loaded, sizes, startSite, type Opened, type Site, type View } from './browser.ts'
import { screensWithData, type Screen } from './screens.ts'

/** What every screen owes its reader, with data. */
let site: Site
let screens: Screen[]
beforeAll(async () => {
  site = await startSite(600)
  screens = await screensWithData(site.hopscope.apiUrl)
})
afterAll(() => site?.close())

const names = ['Overview', 'Map', 'Hops', 'Explore', 'Traces', 'Compare', 'Data', 'Hop', 'Proxy', 'Trace']

/** Rows beyond the first are like it; a hundred of them prove nothing more and take axe half a minute. */
const firstRows = (page: Page) =>
  page.evaluate(`document.querySelectorAll('tbody tr:nth-child(n + 4)').forEach((row) => row.remove())`)

const pathOf = (name: string): string => screens.find((screen) => screen.name === name)!.path
const openScreen = (name: string, view: View = {}): Promise<Opened> => site.open(pathOf(name), view)

describe.each(names)('%s', (name) => {
  async function hasNoComplaint({ page, complaints }: Opened): Promise<void> {
    expect(await page.locator('h1').count()).toBe(1)
    expect(await page.title()).toMatch(/ · hopscope$/)
    expect(await page.getByRole('alert').count()).toBe(0)
    await firstRows(page)
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
  }

  it('ux 19: opens in light without complaints, and axe finds nothing', async () => {
    const opened = await openScreen(name, { theme: 'light' })
    await hasNoComplaint(opened)
    await opened.context.close()
  })

  it('fits a phone, without scrolling sideways', async () => {
    // A day has a midnight: times of it are the longest, with their dates.
    const path = pathOf(name)
    const { page, context } = await site.open(`${path}${path.includes('?') ? '&' : '?'}from=now-24h`, { size: 'phone' })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    // Five entries with room for a thumb each; the others are a tap further.
    const bar = page.getByRole('navigation', { name: 'Screens, bottom bar' })
    const entries = bar.locator(':scope > a, :scope > button')
    expect(await entries.allInnerTexts()).toEqual(['Overview', 'Map', 'Hops', 'Traces', 'More'])
    await firstRows(page)
    expect(await axe(page)).toEqual([])
    // The narrowest phones there are.
    await page.setViewportSize({ width: 320, height: 640 })
    await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(320)
    if (name === 'Explore') {
      await bar.getByRole('button', { name: 'More' }).click()
      const more = bar.getByRole('group', { name: 'More screens' })
      expect(await more.getByRole('link', { name: 'Explore' }).getAttribute('aria-current')).toBe('page')
      expect(await axe(page)).toEqual([])
      await more.getByRole('link', { name: 'Data' }).click()
      await page.waitForURL(/\/data/)
      await more.waitFor({ state: 'hidden' })
    }
    await context.close()
  })

  it('ux 19: opens in dark too, is the same after a reload, readable at 200 %, and can be walked through with Tab alone', async () => {
    const opened = await openScreen(name, { theme: 'dark' })
    await hasNoComplaint(opened)
    const { page, context } = opened
    const [url, heading] = [(await addressOf(page)).href, await page.locator('h1').textContent()]
    await page.reload()
    await loaded(page)
    expect((await addressOf(page)).href).toBe(url)
    expect(await page.locator('h1').textContent()).toBe(heading)
    // Half as many CSS pixels: what a zoom of 200 % leaves of 1440.
    await page.setViewportSize({ width: 720, height: 450 })
    // Drawn anew once the observers of sizes have run.
    await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(720)
    await page.setViewportSize(sizes.desktop)
    await firstRows(page)
    // Round once, until it is where it was; asked every few keys, for asking takes longer than a key.
    await page.evaluate(`{
      window.isRound = false
      addEventListener('focusin', ({ target }) => {
        window.isRound ||= target.dataset.reached === '1'
        target.dataset.reached = '1'
      })
    }`)
    for (let pressed = 0; pressed < 250 && !(await page.evaluate('window.isRound')); pressed += 10)
      for (let i = 0; i < 10; i++) await page.keyboard.press('Tab')
    const missed = await page.evaluate(`[...document.querySelectorAll(
        'a[href], button:not(:disabled), input, select, summary, [tabindex="0"]'
      )].filter((it) => it.checkVisibility({ visibilityProperty: true }) && it.tabIndex >= 0 && !it.dataset.reached)
        .filter((it) => it.type !== 'radio' || !it.closest('[role="radiogroup"]')?.querySelector('[data-reached]'))
        .map((it) => it.outerHTML.slice(0, 120))`)
    expect(missed).toEqual([])
    expect(await page.locator('[data-reached]').count()).toBeGreaterThan(10)
    await context.close()
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, axe, loaded, pressSequence, startSite, themes, type Site } from './browser.ts'
import { emptyScreens } from './screens.ts'

/** What stands around every screen, and every screen over an empty database. */
let site: Site
beforeAll(async () => {
  site = await startSite(0)
})
afterAll(() => site?.close())

describe('an address that no screen has', () => {
  it.each(themes)('says so and leads on, in %s', async (theme) => {
    const { page, context, complaints } = await site.open('/nowhere', { theme })
    await page.getByRole('heading', { name: 'There is no page at this address.' }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.getByRole('main').getByRole('link', { name: 'Overview' }).click()
    await page.waitForURL(({ pathname }) => pathname === '/')
    await context.close()
  })
})

describe.each(emptyScreens)('$name over an empty database', ({ path }) => {
  it.each(themes)('ux 23: teaches the first step, in %s', async (theme) => {
    const { page, context, complaints } = await site.open(path, { theme })
    const lead =
      path === '/data'
        ? page.getByRole('heading', { name: 'Send the first span' })
        : page.getByRole('main').locator('a[href^="/data"]').first()
    await lead.waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('the keys', () => {
  it('ux 16: g and a letter go to each screen; not while typing', async () => {
    const { page, context } = await site.open('/')
    for (const [key, path] of [
      ['h', '/hops'],
      ['m', '/map'],
      ['x', '/explore'],
      ['t', '/traces'],
      ['c', '/compare'],
      ['a', '/alerts'],
      ['d', '/data'],
      ['o', '/'],
    ]) {
      await pressSequence(page, 'g', key!)
      await page.waitForURL((url) => url.pathname === path)
    }
    await page.goto('/traces')
    await loaded(page)
    const field = page.getByLabel('service', { exact: true })
    await field.pressSequentially('gd?tlrs')
    expect(await field.inputValue()).toBe('gd?tlrs')
    expect((await addressOf(page)).pathname).toBe('/traces')
    expect(await page.locator('dialog[open], details[open]').count()).toBe(0)
    expect(await page.getByText(/^last refreshed/).count()).toBe(0)
    await context.close()
  })

  it('? opens the list of keys, which keeps the focus, and Esc closes it', async () => {
    const { page, context } = await site.open('/traces')
    await page.keyboard.press('?')
    const sheet = page.getByRole('dialog', { name: 'Keyboard' })
    await sheet.waitFor()
    await sheet.getByText('Next trace').waitFor()
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'hidden' })
    await context.close()
  })

  it('the first Tab is a way past the bars', async () => {
    const { page, context } = await site.open('/')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await context.close()
  })

  it('t opens the range, Esc closes it and gives the focus back; a range is in the URL', async () => {
    const { page, context } = await site.open('/traces')
    await page.keyboard.press('t')
    const sheet = page.getByRole('group', { name: 'Time range' })
    await sheet.waitFor()
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'hidden' })
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY')
    await page.keyboard.press('t')
    await page.getByRole('button', { name: 'Last 24 h' }).first().click()
    await page.waitForURL(/from=now-24h/)
    await page.goBack()
    await page.waitForURL((url) => url.search === '')
    await context.close()
  })
})

describe('the theme', () => {
  it('ux 18: that was chosen is there before the first paint of the next visit, against that of the system', async () => {
    const { page, context } = await site.open('/traces', { theme: 'light' })
    const change = page.getByRole('button', { name: /^Theme: / })
    await change.click()
    await change.click()
    expect(await change.getAttribute('aria-label')).toContain('dark')
    // The program is held back: what is painted now is what the page itself brings.
    let letGo = () => {}
    const looked = new Promise<void>((resolve) => (letGo = resolve))
    await page.route('**/assets/*.js', (route) => looked.then(() => route.continue()))
    await page.goto('/traces', { waitUntil: 'commit' })
    await expect.poll(() => page.evaluate('document.body !== null')).toBe(true)
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    letGo()
    await loaded(page)
    const background = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
    expect(background).toBe('rgb(17, 20, 24)')
    await context.close()
  })

  it.each(themes)(
    'ux 19: text stands out by 4.5 and marks by 3 to 1 on whatever they stand on, in %s',
    async (theme) => {
      const { page, context } = await site.open('/traces', { theme })
      const faint = await page.evaluate<string[]>(`{
      const luminance = (token) => {
        const pixel = new OffscreenCanvas(1, 1).getContext('2d')
        pixel.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--' + token)
        pixel.fillRect(0, 0, 1, 1)
        const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map((value) =>
          value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
      }
      const contrast = (one, other) => {
        const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
        return (light + 0.05) / (dark + 0.05)
      }
      const texts = ['text', 'text-2', 'text-3', 'gateway-text', 'sidecar-text', 'wire-text', 'retry-text', 'bad-text']
      const marks = ['ink', 'control', 'focus', 'app-edge', 'gateway', 'sidecar', 'wire', 'retry', 'unknown', 'bad', 'warn', 'good']
      const pairs = (some, grounds, least) => some.flatMap((one) => grounds.map((ground) => [one, ground, least]))
      ;[
        ...pairs([...texts, 'warn-text', 'good-text'], ['bg-sheet', 'bg-chrome', 'bg-raised', 'bg-hover'], 4.5),
        ...pairs(marks, ['bg-sheet', 'bg-raised', 'bg-inset', 'bg-hover'], 3),
        ...['bad', 'warn', 'good'].map((name) => [name + '-text', name + '-tint', 4.5]),
        ['heat-7', 'bg-sheet', 4.5],
      ].filter(([one, other, least]) => contrast(one, other) < least)
        .map(([one, other]) => one + ' on ' + other + ' ' + contrast(one, other).toFixed(2))
    }`)
      expect(faint).toEqual([])
      await context.close()
    },
  )

  it('ux 18: of the system is followed while nothing was chosen', async () => {
    const { page, context } = await site.open('/traces', { theme: 'dark' })
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    await page.emulateMedia({ colorScheme: 'light' })
    await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe('light')
    await context.close()
  })
})

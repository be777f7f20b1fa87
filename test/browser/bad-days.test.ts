import type { Page, Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, loaded, startSite, type Opened, type Site } from './browser.ts'
import { alertScreens, emptyScreens, screensWithData, type Screen } from './screens.ts'

/** Every screen when the API is slow, down, half broken, or asked for nonsense, and when the browser gives less than usual. */
let site: Site
let screens: Screen[]
beforeAll(async () => {
  site = await startSite(300)
  screens = [...(await screensWithData(site.hopscope.apiUrl)), ...alertScreens]
})
afterAll(() => site?.close())

const names = ['Overview', 'Map', 'Hops', 'Explore', 'Traces', 'Compare', 'Data', 'Hop', 'Proxy', 'Trace', 'Alerts']
const pathOf = (name: string) => screens.find((screen) => screen.name === name)!.path
const api = '**/api/v1/**'
const alerts = (page: Page) => page.getByRole('alert')
const main = (page: Page) => page.locator('main').innerText()
/** What is no answer of the API. */
const uncaught = ({ complaints }: Opened) =>
  complaints.filter((text) => !/^(Failed to load resource|\d{3} )/.test(text))

/** Light, as wide as the paper, without what can only be pressed. */
async function isForPaper(page: Page): Promise<void> {
  await page.emulateMedia({ media: 'print' })
  await page.setViewportSize({ width: 720, height: 1_000 })
  await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(720)
  await expect
    .poll(() => page.evaluate('getComputedStyle(document.body).backgroundColor'))
    .toMatch(/rgb\(25\d, 25\d, 25\d\)|rgba\(0, 0, 0, 0\)/)
  // Names that open something are words there.
  const pressed = page.getByRole('button').and(page.locator(':not(.says)')).or(page.locator('a.button:visible'))
  await expect.poll(() => pressed.count()).toBe(0)
  const rows = await page.locator('tbody th[scope=row]:visible').allInnerTexts()
  expect(rows.filter((text) => text.trim() === '')).toEqual([])
}

describe.each(names)('%s', (name) => {
  it('slow: stands in its shape, says that it loads, and shows the answer when it comes, on paper too (ux 24, ux 32)', async () => {
    const { page, context, complaints } = await site.blank({ theme: 'dark' })
    let answer = () => {}
    const asked = new Promise<void>((resolve) => (answer = resolve))
    await page.route(api, async (route) => {
      await asked
      await route.continue()
    })
    await page.goto(pathOf(name))
    await page.locator('main').getByText('Loading', { exact: true }).first().waitFor({ state: 'attached' })
    expect(await alerts(page).count()).toBe(0)
    expect(await page.locator('h1').count()).toBe(1)
    answer()
    await loaded(page)
    expect(await alerts(page).count()).toBe(0)
    await isForPaper(page)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('down: says so in place with a way to try again, which works (ux 25)', async () => {
    const opened = await site.blank()
    const { page, context } = opened
    await page.route(api, (route) => route.abort())
    await page.goto(pathOf(name))
    await alerts(page).first().waitFor()
    await loaded(page)
    expect(await alerts(page).first().innerText()).toContain('The server did not answer')
    // Nobody knows how many there are.
    expect(await main(page)).not.toMatch(/Firing 0/)
    expect(await page.locator('h1').count()).toBe(1)
    expect(await axe(page)).toEqual([])
    await page.unroute(api)
    // What comes back may ask for more, which failed too. A second click would begin anew what the first one asked for.
    for (let tries = 0; tries < 20 && (await alerts(page).count()) > 0; tries++) {
      const shown = await alerts(page).count()
      await alerts(page)
        .first()
        .getByRole('button', { name: 'Retry' })
        .click({ timeout: 1_000 })
        .catch(() => undefined)
      await expect
        .poll(() => alerts(page).count(), { timeout: 5_000 })
        .not.toBe(shown)
        .catch(() => undefined)
    }
    await loaded(page)
    expect(await alerts(page).allInnerTexts()).toEqual([])
    expect(uncaught(opened)).toEqual([])
    await context.close()
  })

  it('half broken: the panels whose queries fail say why, by the code of ClickHouse, and the rest lives (ux 25)', async () => {
    const opened = await site.blank()
    const { page, context } = opened
    const asked = new Set<string>()
    await page.route(api, async (route: Route) => {
      const { pathname } = new URL(route.request().url())
      asked.add(pathname)
      if (asked.values().next().value === pathname) return route.continue()
      const problem = {
        title: 'ClickHouse could not answer',
        status: 503,
        detail: 'Memory limit exceeded (MEMORY_LIMIT_EXCEEDED)',
        queryId: 'a-query-id',
      }
      return route.fulfill({ status: 503, contentType: 'application/problem+json', json: problem })
    })
    await page.goto(pathOf(name))
    await loaded(page)
    expect(await page.locator('h1').count()).toBe(1)
    expect((await main(page)).length).toBeGreaterThan(80)
    // The id of the query is among the details, which are closed.
    for (const text of await alerts(page).allTextContents())
      expect(text.replace(/\s+/g, ' ')).toMatch(/^ ?ClickHouse could not answer ?Memory limit .*a-query-id/)
    expect(uncaught(opened)).toEqual([])
    await context.close()
  })
})

describe('links that lost something on the way', () => {
  const long = 'x'.repeat(6_000)
  it.each([
    ['/hops/nonsense', /no hop with the id nonsense/],
    ['/hops/%E0%A4%A', /no hop with the id/],
    ['/proxies/0000000000000000', /no proxy with the id/],
    ['/proxies/<script>alert(1)<%2Fscript>', /no proxy with the id/],
    ['/traces/%', /is not a trace id/],
    [`/traces/${'0'.repeat(32)}`, /No span of trace 0{32} is stored/],
    ['/?from=yesterday&to=-5', /time range in this link is not one/],
    ['/?from=99999999999999999999999&v=1', /time range in this link is not one|No requests/],
    ['/?from=now&to=now-1h&v=1', /time range in this link is not one|No requests/],
    ['/explore?q=((&measure=speed', /filter cannot be read/],
    ['/map?find=%3E%3E&label=colour', /left out: label=colour|overhead|expected/],
    ['/hops?sort=nope&show=7', /Not known here, and left out: show=7/],
    ['/traces?minDuration=abc&cursor=x', /abc|duration/i],
    [`/traces?q=${long}`, /./],
    [`/hops?q=${long}`, /nothing|No |finds?/i],
  ] as const)('%.40s', async (path, said) => {
    const opened = await site.open(path)
    await expect.poll(() => opened.page.locator('body').innerText()).toMatch(said)
    expect(await opened.page.locator('h1').count()).toBe(1)
    expect(await opened.page.evaluate('document.documentElement.scrollWidth')).toBe(1440)
    expect(uncaught(opened)).toEqual([])
    await opened.context.close()
  })
})

describe('a time without requests', () => {
  it.each(emptyScreens.filter(({ name }) => name !== 'Data'))(
    '$name leads to where there are some (ux 23)',
    async ({ path }) => {
      const { page, context, complaints } = await site.open(`${path}?from=1700000000000&to=1700003600000&v=1`)
      await page.getByRole('link', { name: /^Go to last data/ }).waitFor()
      expect(complaints).toEqual([])
      await context.close()
    },
  )
})

describe('a browser that forbids', () => {
  it('WebGL: what is drawn is drawn all the same', async () => {
    const { page, context, complaints } = await site.blank()
    await page.addInitScript(`{
      const context = HTMLCanvasElement.prototype.getContext
      HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return /webgl|webgpu/.test(kind) ? null : context.call(this, kind, ...more)
      }
    }`)
    for (const name of ['Hop', 'Map', 'Explore']) {
      await page.goto(pathOf(name))
      await loaded(page)
      const drawn = () =>
        page.evaluate(`(() => {
          const { width, height } = document.querySelector('main canvas')
          const { data } = document.querySelector('main canvas').getContext('2d').getImageData(0, 0, width, height)
          return new Set(new Uint32Array(data.buffer)).size
        })()`)
      await expect.poll(drawn).toBeGreaterThan(1)
    }
    expect(complaints).toEqual([])
    await context.close()
  })

  it('the clipboard: what would have been copied stands selected', async () => {
    const { page, context } = await site.blank()
    await page.addInitScript(
      `navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))`,
    )
    await page.goto(pathOf('Overview'))
    await loaded(page)
    await page.keyboard.press('y')
    await page.getByText('Link selected: press Ctrl+C').waitFor()
    expect(await page.evaluate('document.getSelection().toString()')).toBe(page.url())
    await context.close()
  })

  it('storage: everything works, and is forgotten', async () => {
    const { page, context, complaints } = await site.blank()
    await page.addInitScript(
      `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError') } })`,
    )
    await page.goto(pathOf('Hops'))
    await loaded(page)
    await page.getByRole('button', { name: /^Theme: / }).click()
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(3)
    expect(complaints).toEqual([])
    await context.close()
  })
})

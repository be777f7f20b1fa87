import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HopList, ProxyList } from '../../server/api/contract-measurements.ts'
import type { TraceList } from '../../server/api/contract-catalogue.ts'
import { addressOf, axe, loaded, pressSequence, queryOf, startSite, themes, type Site } from './browser.ts'

/** What the shell does on every screen, over recorded traffic; numbers in names are those of behaviours. */
let site: Site
beforeAll(async () => {
  site = await startSite(600)
}, 300_000)
afterAll(() => site?.close())

const get = async <T>(path: string) => (await (await fetch(`${site.hopscope.apiUrl}/api/v1${path}`)).json()) as T

async function openPalette(page: Page) {
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Find anything, do anything' })
  await palette.getByText(/in this range/).waitFor()
  return palette
}

describe('the palette', () => {
  it.each(themes)(
    'ux 17: opens by Ctrl+K, closes by Esc, gives the focus back, and axe finds nothing, in %s',
    async (theme) => {
      const { page, context, complaints } = await site.open('/traces', { theme })
      await page.getByLabel('service', { exact: true }).focus()
      const palette = await openPalette(page)
      expect(await axe(page)).toEqual([])
      await page.keyboard.press('Escape')
      await palette.waitFor({ state: 'hidden' })
      expect(await page.evaluate(`document.activeElement.closest('label')?.innerText`)).toContain('service')
      expect(complaints).toEqual([])
      await context.close()
    },
  )

  it('ux 17: finds a hop, a proxy, a service and a route by some of their letters, and goes there at Enter, in the range of the page', async () => {
    const { page, context } = await site.open('/data?from=now-6h&v=1')
    const [hop] = (await get<HopList>('/hops')).items.filter(
      ({ caller, callee }) => caller === 'orders' && callee === 'payments',
    )
    const [proxy] = (await get<ProxyList>('/proxies?q=krakend')).items
    for (const [typed, option, path] of [
      ['ord pay', 'orders → payments', `/hops/${hop!.id}`],
      ['krakend', 'krakend', `/proxies/${proxy!.id}`],
      ['payments hops', 'payments', '/hops'],
      ['front overview', 'frontend', '/'],
    ] as const) {
      const palette = await openPalette(page)
      await page.keyboard.type(typed)
      const found = palette.getByRole('option').filter({ hasText: option })
      expect(await found.first().innerText(), typed).toContain(option)
      if (path.startsWith('/proxies')) await found.filter({ hasText: proxy!.family }).first().click()
      else await page.keyboard.press('Enter')
      await page.waitForURL(({ pathname }) => (path === '/' ? pathname === '/' : pathname.startsWith(path.slice(0, 9))))
      if (path !== '/' && path !== '/hops' && !path.startsWith('/proxies'))
        expect((await addressOf(page)).pathname).toBe(path)
      expect((await queryOf(page)).get('from')).toBe('now-6h')
    }
    expect((await queryOf(page)).get('route')).toMatch(/^[0-9a-f]{16}$/)
    await context.close()
  })

  it('ux 17: opens a trace whose id is pasted at once, also out of a traceparent', async () => {
    const { page, context } = await site.open('/')
    const { items } = await get<TraceList>('/traces?limit=2')
    for (const text of [items[0]!.traceId, `traceparent: 00-${items[1]!.traceId.toUpperCase()}-00f067aa0ba902b7-01`]) {
      await openPalette(page)
      // What the browser does when somebody pastes.
      await page.evaluate(`{
        const data = new DataTransfer()
        data.setData('text', ${JSON.stringify(text)})
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
      }`)
      const [traceId] = /[0-9a-f]{32}/.exec(text.toLowerCase())!
      await page.waitForURL(({ pathname }) => pathname === `/traces/${traceId}`)
    }
    await context.close()
  })

  it('says that nothing fits by offering a search of traces', async () => {
    const { page, context } = await site.open('/')
    const palette = await openPalette(page)
    await page.keyboard.type('zzqx')
    await expect.poll(() => palette.getByRole('option').allInnerTexts()).toEqual(['Search traces for “zzqx”'])
    await page.keyboard.press('Enter')
    await page.waitForURL(({ pathname, searchParams }) => pathname === '/traces' && searchParams.get('q') === 'zzqx')
    await context.close()
  })
})

describe('the keyboard', () => {
  it('ux 16: on every screen what has a key is on the ? sheet and in the palette, and no two have the same key', async () => {
    const { page, context } = await site.open('/')
    const [hop] = (await get<HopList>('/hops')).items
    const [trace] = (await get<TraceList>('/traces?limit=1')).items
    for (const path of [
      ...['/', '/map', '/hops', '/explore', '/traces', '/compare', '/alerts', '/data'],
      ...[`/hops/${hop!.id}`, `/traces/${trace!.traceId}`],
    ]) {
      await page.goto(path)
      await loaded(page)
      await page.keyboard.press('?')
      const sheet = page.getByRole('dialog', { name: 'Keyboard' })
      const lines = sheet.locator('dl div')
      const onSheet = await sheet.locator('dd').allInnerTexts()
      const keys = (await lines.locator('.way').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '))
      // Of Esc each layer has its own: one press closes one.
      const twice = keys.filter((key, i) => key !== 'Esc' && keys.indexOf(key) !== i)
      expect([path, ...twice]).toEqual([path])
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+k')
      const options = page.getByRole('dialog', { name: 'Find anything, do anything' }).locator('.option')
      await options.first().waitFor()
      const inPalette = await options.locator('.text').allInnerTexts()
      const keyed = await options
        .filter({ has: page.locator('kbd') })
        .locator('.text')
        .allInnerTexts()
      expect([path, ...onSheet.filter((words) => !inPalette.includes(words))]).toEqual([
        path,
        'Find anything, do anything',
      ])
      expect([path, ...keyed.filter((words) => !onSheet.includes(words))]).toEqual([path])
      expect(keyed.length).toBeGreaterThan(8)
      await page.keyboard.press('Escape')
      // Whatever a menu offers can be found, too.
      const menus = page.getByRole('region', { name: 'Scope and time' }).locator('button[aria-haspopup]')
      for (const menu of await menus.all()) {
        await menu.click()
        const items = await page.locator('[role="menu"]:popover-open [role^="menuitem"]').allInnerTexts()
        expect(items.length).toBeGreaterThan(0)
        const isFound = (item: string) => inPalette.some((words) => item.trim().startsWith(words))
        expect([path, ...items.filter((item) => !isFound(item))]).toEqual([path])
        await page.keyboard.press('Escape')
      }
    }
    await context.close()
  })

  it('ux 16: runs a command of the palette as its key would', async () => {
    const { items } = await get<TraceList>('/traces?limit=1')
    const { page, context } = await site.open(`/traces/${items[0]!.traceId}`)
    const active = () => page.locator('[role="row"][tabindex="0"]').getAttribute('aria-rowindex')
    const before = await active()
    const palette = await openPalette(page)
    await page.keyboard.type('next row')
    await page.keyboard.press('Enter')
    await palette.waitFor({ state: 'hidden' })
    await expect.poll(active).not.toBe(before)
    await openPalette(page)
    await page.keyboard.type('critical path')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.url()).toMatch(/[?&]path=/)
    await context.close()
  })
})

describe('the address', () => {
  it('ux 1: is the whole view, the same after a reload and in a second browser, and Back undoes navigation, not typing', async () => {
    const { page, context } = await site.open('/hops')
    await page.getByText('Proxies', { exact: true }).click()
    await page.keyboard.press('/')
    await page.keyboard.type('envoy', { delay: 20 })
    await page.getByRole('button', { name: /^requests/ }).click()
    await loaded(page)
    const [address, rows] = [(await addressOf(page)).href, await page.locator('tbody tr').allInnerTexts()]
    expect(rows.length).toBeGreaterThan(2)
    await page.reload()
    await loaded(page)
    expect(await page.locator('tbody tr').allInnerTexts()).toEqual(rows)
    const second = await site.open(address.slice(site.hopscope.apiUrl.length))
    expect(await second.page.locator('tbody tr').allInnerTexts()).toEqual(rows)
    await second.context.close()
    await page.goBack()
    await expect.poll(() => page.url()).toMatch(/\/hops$/)
    await context.close()
  })

  it('ux 2: keeps keys that it does not know, says what it leaves out, and the note can be closed', async () => {
    const { page, context } = await site.open('/hops?show=proxys&mine=1&p=p42&v=1')
    const note = page.getByText(/Not known here, and left out: (show=proxys, p=p42|p=p42, show=proxys)\./)
    await note.waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Close the note' }).click()
    await note.waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    await page.keyboard.type('x')
    expect((await queryOf(page)).get('mine')).toBe('1')
    await context.close()
  })

  it('ux 2: of an older release means what it meant, and says its version anew', async () => {
    const { page, context } = await site.open(`/traces/${'0'.repeat(31)}1?as-a=flame&mine=1&v=1`)
    const query = await queryOf(page)
    expect(Object.fromEntries(query)).toEqual({ form: 'flame', mine: '1', v: '2' })
    expect(await page.getByText(/Not known here/).count()).toBe(0)
    await context.close()
  })

  it('ux 2: of a newer release, and a range that is none, are told', async () => {
    const { page, context } = await site.open('/?from=yesterday&v=99')
    await page.getByText(/from a newer release of hopscope.*The time range in this link is not one/).waitFor()
    await context.close()
  })
})

describe('the time range', () => {
  it('ux 3: takes pasted ISO and epochs, in local time or UTC, remembers them, and freezes', async () => {
    const { page, context } = await site.open('/')
    const sheet = page.getByRole('group', { name: 'Time range' })
    const setTo = async (from: string, to: string) => {
      await page.keyboard.press('t')
      await sheet.getByLabel('from').fill(from)
      await sheet.getByLabel('to', { exact: true }).fill(to)
      await page.keyboard.press('Enter')
      await sheet.waitFor({ state: 'detached' })
      return [(await queryOf(page)).get('from'), (await queryOf(page)).get('to')]
    }
    await page.keyboard.press('t')
    for (const [words, from] of [
      ...(['5m', '15m', '6h', '24h', '7d'] as const).map((length) => [length, `now-${length}`] as const),
      ['1h', null] as const,
    ]) {
      await sheet.getByRole('button', { name: `Last ${words.replace(/m$/, ' min').replace(/([hd])$/, ' $1')}` }).click()
      expect([words, (await queryOf(page)).get('from'), (await queryOf(page)).get('to')]).toEqual([words, from, null])
      await page.keyboard.press('t')
    }
    await page.keyboard.press('Escape')
    const ms = Date.UTC(2026, 0, 2, 3, 4, 5)
    expect(await setTo('2026-01-02T03:04:05Z', `${ms + 60_000}000000`)).toEqual([String(ms), String(ms + 60_000)])
    expect(await setTo(String(ms / 1000), '2026-01-02 03:05:05')).toEqual([String(ms), String(ms + 60_000)])
    expect(await setTo('now-3h', 'now')).toEqual(['now-3h', null])
    await page.keyboard.press('t')
    await expect
      .poll(() => sheet.getByRole('group', { name: 'Ranges chosen before' }).getByRole('button').count())
      .toBe(2)
    await sheet.getByRole('button', { name: 'Make the ends absolute, for sharing' }).click()
    const [from, to] = [Number((await queryOf(page)).get('from')), Number((await queryOf(page)).get('to'))]
    expect(to - from).toBe(3 * 3_600_000)
    expect(Math.abs(to - Date.now())).toBeLessThan(600_000)
    await page.reload()
    await loaded(page)
    await page.keyboard.press('t')
    await sheet.getByRole('button', { name: 'Last 3 h' }).click()
    expect((await queryOf(page)).get('from')).toBe('now-3h')
    // Relative it stays, on other screens and when it is read again.
    await page.getByRole('navigation', { name: 'Screens', exact: true }).getByRole('link', { name: 'Hops' }).click()
    await page.waitForURL('**/hops?**')
    await page.reload()
    await loaded(page)
    expect((await queryOf(page)).get('from')).toBe('now-3h')
    await context.close()
  })

  it('ux 3: says times in UTC when asked to, also on charts', async () => {
    const toMs = Math.floor(Date.now() / 60_000) * 60_000
    const { page, context } = await site.open(`/?from=${toMs - 3_600_000}&to=${toMs}&v=1`, { timeZone: 'Asia/Kolkata' })
    /** Minutes of the day at which the last step of the chart begins. */
    const said = async () => {
      const layer = page.getByRole('slider', { name: 'Over time: time' })
      await layer.press('End')
      const [, hours, minutes] = /(\d\d):(\d\d)/.exec((await layer.getAttribute('aria-valuetext'))!)!
      return Number(hours) * 60 + Number(minutes)
    }
    const local = await said()
    await openPalette(page)
    await page.keyboard.type('times utc')
    await page.keyboard.press('Enter')
    await page.locator('summary', { hasText: 'UTC' }).waitFor()
    expect((local - (await said()) + 1_440) % 1_440).toBe(330)
    await page.reload()
    await page.locator('summary', { hasText: 'UTC' }).waitFor()
    expect((local - (await said()) + 1_440) % 1_440).toBe(330)
    await context.close()
  })
})

/** Time of the page goes on only where it is told to. */
async function stopClock(page: Page): Promise<void> {
  await page.clock.install()
  await page.clock.pauseAt(Date.now() + 60_000)
}

describe('live', () => {
  it('ux 27: refreshes as often as chosen, says when it last did, waits longer while nothing answers, and recovers', async () => {
    const { page, context } = await site.open('/hops')
    await stopClock(page)
    let [asked, isDown] = [0, false]
    // Everything is, or one that answers would say that the server is back.
    await page.route('**/api/v1/**', (route) => {
      if (route.request().url().includes('/hops?')) asked++
      return isDown ? route.abort() : route.continue()
    })
    const answered = () => expect.poll(() => page.locator('[data-asking]').count()).toBe(0)
    await page.getByRole('button', { name: /^Live/ }).click()
    const offered = await page.getByRole('menu', { name: /^Live/ }).getByRole('menuitemradio').allInnerTexts()
    expect(offered.map((text) => text.trim())).toEqual([
      'Live: off',
      ...[5, 10, 30].map((seconds) => `Live: every ${seconds}\u202fs`),
    ])
    await page.getByRole('menuitemradio', { name: /every 5/ }).click()
    await expect.poll(() => asked).toBe(1)
    await answered()
    await page.clock.runFor(5_000)
    await expect.poll(() => asked).toBe(2)
    await page.getByText(/^last refreshed/).waitFor({ state: 'attached' })
    await answered()
    isDown = true
    await page.clock.runFor(5_000)
    const failing = page.getByText(/^no answer since \d\d:/)
    await failing.waitFor({ state: 'attached' })
    await answered()
    expect(asked).toBe(3)
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(3)
    // The failure doubles it.
    await page.clock.runFor(9_000)
    expect(asked).toBe(3)
    isDown = false
    await page.clock.runFor(1_500)
    await expect.poll(() => asked).toBe(4)
    await failing.waitFor({ state: 'detached' })
    await context.close()
  })

  it('ux 27: asks for nothing while the page is hidden', async () => {
    const { page, context } = await site.open('/hops')
    await stopClock(page)
    let asked = 0
    await page.route('**/api/v1/hops?**', (route) => {
      asked++
      return route.continue()
    })
    await page.keyboard.press('l')
    await expect.poll(() => asked).toBe(1)
    await page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })`)
    await page.clock.runFor(60_000)
    expect(asked).toBe(1)
    await page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`)
    await expect.poll(() => asked).toBe(2)
    await context.close()
  })
})

it('ux 18: charts are drawn anew in the colours of the theme', async () => {
  // Of one hour: a minute later the last would look otherwise.
  const toMs = Date.now()
  const { page, context } = await site.open(`/?from=${toMs - 3_600_000}&to=${toMs}&v=1`, { theme: 'light' })
  const picture = () =>
    page
      .locator('canvas')
      .first()
      .evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL())
  const light = await picture()
  await openPalette(page)
  await page.keyboard.type('theme dark')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
  await expect.poll(picture).not.toBe(light)
  const dark = await picture()
  await page.reload()
  await loaded(page)
  await expect.poll(picture).toBe(dark)
  await context.close()
})

it('ux 24: on no screen anything moves when its data come late, in place of a skeleton', async () => {
  const [hop] = (await get<HopList>('/hops')).items
  const [proxy] = (await get<ProxyList>('/proxies')).items
  const [trace] = (await get<TraceList>('/traces?limit=1')).items
  const { page, context } = await site.open('/data')
  let [seen, isSeen] = [Promise.resolve(), () => {}]
  await page.route('**/api/v1/**', async (route) => {
    await Promise.all([seen, new Promise((resolve) => setTimeout(resolve, 400))])
    await route.continue().catch(() => undefined)
  })
  const moved: string[] = []
  for (const path of [
    ...['/', '/map', '/hops', '/explore', '/traces'],
    ...[`/hops/${hop!.id}`, `/proxies/${proxy!.id}`, `/traces/${trace!.traceId}`],
  ]) {
    seen = new Promise((resolve) => (isSeen = resolve))
    await page.goto(path)
    await page.locator('.skeleton').first().waitFor()
    isSeen()
    await page.locator('.skeleton').first().waitFor({ state: 'detached' })
    await loaded(page)
    const shift = Number(
      await page.evaluate(`new Promise((resolve) => {
        let sum = 0
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value)))
          .observe({ type: 'layout-shift', buffered: true })
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum))))
      })`),
    )
    // What Web Vitals call good.
    if (shift >= 0.1) moved.push(`${path.slice(0, 9)}: ${shift.toFixed(2)}`)
  }
  expect(moved).toEqual([])
  await context.close()
})

it('ux 24: on a phone the row of scopes has its place before it is known what there is to choose, at the first visit and later', async () => {
  const { page, context } = await site.blank({ size: 'phone' })
  let letGo = () => {}
  let held = Promise.resolve()
  await page.route('**/api/v1/attributes?**', (route) => held.then(() => route.continue()))
  const top = async () => (await page.locator('main').boundingBox())!.y
  for (const visit of ['first', 'later']) {
    held = new Promise((resolve) => (letGo = resolve))
    await page.goto('/hops')
    await page.locator('tbody tr').nth(3).waitFor()
    const before = await top()
    letGo()
    await loaded(page)
    expect(
      await page.getByRole('region', { name: 'Scope', exact: true }).getByRole('combobox').count(),
    ).toBeGreaterThan(0)
    expect([visit, await top()]).toEqual([visit, before])
  }
  await context.close()
})

it('ux 24: a skeleton stands after 150 ms without an answer, not before', async () => {
  const { page, context } = await site.open('/data')
  await stopClock(page)
  const asked = page.waitForRequest('**/api/v1/overview?**')
  let letGo = () => {}
  const held = new Promise<void>((resolve) => (letGo = resolve))
  await page.route('**/api/v1/**', (route) => held.then(() => route.continue()).catch(() => undefined))
  await page.getByRole('navigation', { name: 'Screens', exact: true }).getByRole('link', { name: 'Overview' }).click()
  await asked
  await page.clock.runFor(140)
  expect(await page.locator('.skeleton').count()).toBe(0)
  await page.clock.runFor(20)
  await page.locator('.skeleton').first().waitFor()
  letGo()
  await context.close()
})

it('ux 24: nothing moves while it loads, old data stays dimmed, and what is superseded is cancelled', async () => {
  const { page, context } = await site.open('/data')
  const aborted: string[] = []
  page.on('requestfailed', (request) => aborted.push(`${request.failure()?.errorText} ${request.url()}`))
  let letGo = () => {}
  const hold = () => new Promise<void>((resolve) => (letGo = resolve))
  let held = hold()
  await page.route('**/api/v1/overview*', async (route) => {
    await held
    await route.continue().catch(() => undefined)
  })
  await page.evaluate(`globalThis.shift = 0
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.shift += entry.value)))
      .observe({ type: 'layout-shift' })`)
  await pressSequence(page, 'g', 'o')
  await page.locator('.skeleton').first().waitFor()
  letGo()
  await page.locator('.verdict h2').waitFor()
  await loaded(page)
  expect(Number(await page.evaluate('globalThis.shift'))).toBeLessThan(0.1)
  held = hold()
  await page.keyboard.press('r')
  await page.locator('.stale').first().waitFor()
  expect(await page.locator('.verdict h2').isVisible()).toBe(true)
  await page.keyboard.press('t')
  await page.getByRole('button', { name: 'Last 15 min' }).first().click()
  await expect.poll(() => aborted.filter((line) => /ERR_ABORTED .*\/overview/.test(line)).length).toBeGreaterThan(0)
  letGo()
  await context.close()
})

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EventItem, EventList } from '../../server/api/contract-events.ts'
import type { Overview, ProxyDetail, ProxyList } from '../../server/api/contract-measurements.ts'
import { readFile } from 'node:fs/promises'
import { addressOf, axe, loaded, startSite, themes, type Site } from './browser.ts'

/** The traffic of `npm run demo`, in which most pods of one version hold requests since twelve minutes ago. */
const incidentMinutes = 12
/** Those that pass payments, so that few requests are enough to claim a median of a quarter of an hour. */
const recordings = ['s1-sidecars', 's2-gateway-mesh', 's2-gateway-spawn']
let site: Site
let beganMs: number
beforeAll(async () => {
  site = await startSite(950, { minutes: 32, incidentMinutes, recordings })
  beganMs = site.incidentMs
}, 300_000)
afterAll(() => site?.close())

const get = async <T>(path: string) => (await (await fetch(`${site.hopscope.apiUrl}/api/v1${path}`)).json()) as T
const text = async (page: Page, selector: string) => (await page.locator(selector).innerText()).replaceAll(/\s+/g, ' ')
const minute = (ms: number) => new Date(ms).toISOString().slice(11, 16)

async function paymentsProxy(): Promise<string> {
  const { items } = await get<ProxyList>('/proxies?q=payments')
  return items.find(({ role }) => role === 'sidecar-inbound')!.id
}

describe('from “the shop is slow” to one request that shows why', () => {
  it('takes five actions: range, route, proxy, version, exemplar', async () => {
    const { page, context, complaints } = await site.open('/')
    // 1: the last quarter of an hour, in which people complain.
    await page.getByText('Last 1 h').first().click()
    await page.getByRole('button', { name: 'Last 15 min' }).first().click()
    // 2: what they complain about.
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: 'Find anything, do anything' })
    await palette.getByText(/in this range/).waitFor()
    await page.keyboard.type('ingress frontend overview')
    await page.keyboard.press('Enter')
    await page.waitForURL(/route=/)
    await loaded(page)
    const sentence = await text(page, '.verdict h2')
    expect(sentence).toMatch(/^Slower than the 15 min before: p\d\d rose by \d+.* payments adds \d+.* more at p\d\d/)
    // 3: who it is.
    await page.getByRole('link', { name: 'Open proxy' }).click()
    await page.getByRole('heading', { level: 1, name: 'payments' }).waitFor()
    await loaded(page)
    expect(await text(page, '.head .title')).toContain('inbound sidecar')
    const event = page.getByRole('list', { name: 'Events' }).getByRole('listitem').filter({ hasText: 'payments v2' })
    expect(await event.innerText()).toMatch(/new version, v1 before/)
    const since = (await event.locator('time').innerText()).trim()
    expect([minute(beganMs), minute(beganMs + 60_000)]).toContain(since)
    // 4: on which pods.
    await page.getByText('Version', { exact: true }).click()
    const p50 = page.getByRole('row', { name: /^v2 / }).getByRole('cell').nth(2)
    const { breakdowns } = await get<ProxyDetail>(`${(await addressOf(page)).pathname}?from=now-15m`)
    const rows = breakdowns.find(({ by }) => by === 'version')!.rows
    const [v1, v2] = ['v1', 'v2'].map((version) => rows.find(({ value }) => value === version)!.p50Ns! / 1e6) as [
      number,
      number,
    ]
    expect(v2).toBeGreaterThan(v1 + 15)
    expect(Math.abs(Number((await p50.innerText()).replaceAll(/[^\d.]/g, '')) / v2 - 1)).toBeLessThan(0.2)
    // 5: one request.
    const exemplar = page.getByRole('region', { name: 'Exemplars' }).getByRole('link').last()
    await exemplar.click()
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/)
    await loaded(page)
    const trace = await get<{ proxies: { name: string; added: { ns: number | null; hiNs: number | null } }[] }>(
      (await addressOf(page)).pathname,
    )
    const added = trace.proxies
      .filter(({ name }) => name === 'payments')
      .map((proxy) => proxy.added.ns ?? proxy.added.hiNs)
    expect(Math.max(...added.map(Number))).toBeGreaterThan(20e6)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('events', () => {
  it.each(themes)(
    'told by POST are marked on time charts and said beneath them, by place and service, in %s',
    async (theme) => {
      const title = `stock 7 ${theme}`
      const response = await fetch(`${site.hopscope.apiUrl}/api/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          kind: 'deploy',
          title,
          atUnixNano: `${beganMs - 600_000}000000`,
          labels: { service: 'stock' },
        }),
      })
      EventItem.parse(await response.json())
      const { page, context, complaints } = await site.open('/', { theme })
      const line = page.getByRole('list', { name: 'Events' })
      expect(await line.getByRole('listitem').filter({ hasText: title }).innerText()).toMatch(/\d\d:\d\d.*deploy/s)
      expect(
        await page
          .locator('.marks')
          .getByText(/stock 7/)
          .count(),
      ).toBeGreaterThan(0)
      expect(await axe(page)).toEqual([])
      expect(complaints).toEqual([])
      // Not where another service is looked at.
      await page.goto(`/proxies/${await paymentsProxy()}`)
      await loaded(page)
      await line.getByText('payments v2').waitFor()
      expect(await line.getByText(title).count()).toBe(0)
      await context.close()
    },
  )

  it('of versions are those that the API has', async () => {
    const { items } = EventList.parse(await get('/events'))
    const seen = items
      .filter(({ source }) => source === 'seen')
      .map((event) => `${event.title} ${event.labels['before']}`)
    expect(seen).toEqual(['payments v2 v1'])
  })
})

describe('comparing with the period before', () => {
  it('shows beside each figure what it was, and whether the change is more than chance', async () => {
    const { page, context, complaints } = await site.open('/?from=now-15m&v=1')
    await page.getByRole('button', { name: /^Compare with the period before/ }).click()
    await page.waitForURL(/vs=before/)
    await loaded(page)
    await page.locator('.end').getByText('p50 before').waitFor()
    const id = await paymentsProxy()
    await page.goto(`/proxies/${id}?from=now-15m&vs=before&v=1`)
    await loaded(page)
    const row = page.getByRole('row', { name: /^the 15.min before/ })
    await row.waitFor()
    const [now] = (await get<ProxyDetail>(`/proxies/${id}?from=now-15m`)).added
    const [p50, , p99] = await row.getByRole('cell').allInnerTexts()
    expect(p50).toMatch(/▲\s*\+\d/)
    // 2,000 requests are not there in either period.
    expect(now!.p99Ns).toBeNull()
    expect(p99).toMatch(/n < 2.000/)
    expect(p99).toMatch(/–$/)
    await page.getByText(/in grey p95 and p50 of the period before/).waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    // Off by its key; what it was goes.
    await page.keyboard.press('p')
    await row.waitFor({ state: 'detached' })
    await context.close()
  })

  it('goes along to other screens, and is offered only where it is obeyed', async () => {
    const { page, context } = await site.open('/?vs=before&v=1')
    await page.getByRole('navigation', { name: 'Screens', exact: true }).getByRole('link', { name: 'Traces' }).click()
    await page.waitForURL(/traces.*vs=before/)
    expect(await page.getByRole('button', { name: /^Compare with the period before/ }).count()).toBe(0)
    await context.close()
  })

  it('agrees with the movers of the API', async () => {
    // The same window twice: a minute later it is another.
    const toMs = Date.now()
    const range = `from=${toMs - 15 * 60_000}&to=${toMs}`
    const overview = await get<Overview>(`/overview?${range}`)
    const mover = overview.movers.find(({ name }) => name === 'payments')!
    expect(mover.diffNs).toBeGreaterThan(15e6)
    const { page, context } = await site.open(`/?${range}&v=1`)
    const cells = page
      .getByRole('region', { name: /^Changed since/ })
      .getByRole('row')
      .filter({ hasText: /^payments/ })
    expect(await cells.first().innerText()).toContain(`+${(mover.diffNs / 1e6).toPrecision(3)}`)
    await context.close()
  })
})

describe('what can be taken along', () => {
  it('ux 21, ux 22: of a proxy, link, curl, SQL that gives its figures, CSV and pictures', async () => {
    const id = await paymentsProxy()
    const { page, context, complaints } = await site.open(`/proxies/${id}`)
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const choose = async (name: RegExp) => {
      await page.getByRole('button', { name: 'Copy', exact: true }).click()
      await page.getByRole('menuitem', { name }).click()
    }
    const copied = async () => String(await page.evaluate('navigator.clipboard.readText()'))
    await choose(/^Copy link/)
    expect(await copied()).toBe(page.url())
    await choose(/^Copy proxy curl/)
    expect(await copied()).toContain(`curl '${site.hopscope.apiUrl}/api/v1/proxies/${id}`)
    await choose(/^Copy figures SQL/)
    const answer = await fetch(`${site.hopscope.engineUrl}/?database=hopscope&default_format=JSONCompactEachRow`, {
      method: 'POST',
      body: await copied(),
    })
    const [requests, [p50Ns]] = JSON.parse(await answer.text()) as [number | string, [number]]
    const [added] = (await get<ProxyDetail>(`/proxies/${id}`)).added
    expect(Number(requests)).toBeGreaterThan(0.95 * added!.n)
    expect(Math.abs(p50Ns / added!.p50Ns! - 1)).toBeLessThan(0.03)
    const save = async (name: RegExp) => {
      const [file] = await Promise.all([page.waitForEvent('download'), choose(name)])
      return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
    }
    const csv = await save(/^Save added time by route as CSV/)
    expect(csv.name).toBe('payments-added-time-by-route.csv')
    const json = JSON.parse((await save(/^Save added time by route as JSON/)).bytes.toString()) as {
      query: string
      rows: { route: string; 'p50 ns': number | null }[]
    }
    expect(json.query).toContain(`/api/v1/proxies/${id}`)
    expect(json.rows[0]).toHaveProperty('p50 ns')
    expect(csv.bytes.toString()).toMatch(
      /^# http.*\/proxies\/.*\r\nroute,n,errors,level,p50 ns,p75 ns,p90 ns,p95 ns,p99 ns,p99.9 ns,max ns,mean ns\r\n/,
    )
    const png = await save(/^Save picture of added time/)
    expect(png.name).toBe('payments-Added-time.png')
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG')
    const [width, height] = [png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)]
    expect(width).toBeGreaterThan(1_600)
    expect(height).toBeGreaterThan(600)
    // Not one colour: what was drawn is on it.
    const colours = await page.evaluate(`(async () => {
      const image = await createImageBitmap(new Blob([Uint8Array.from(atob('${png.bytes.toString('base64')}'), (c) => c.charCodeAt(0))]))
      const canvas = new OffscreenCanvas(image.width, image.height)
      const to = canvas.getContext('2d')
      to.drawImage(image, 0, 0)
      const { data } = to.getImageData(0, 0, image.width, image.height)
      return new Set(new Uint32Array(data.buffer)).size
    })()`)
    expect(colours).toBeGreaterThan(50)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('charts', () => {
  it('ux 5: on one time axis have one hairline, and say exact values and n', async () => {
    const { items } = await get<{ items: { id: string; callee: string }[] }>('/hops')
    const { page, context } = await site.open(`/hops/${items.find(({ callee }) => callee === 'payments')!.id}`)
    const layer = page.getByRole('slider', { name: 'Over time: time' })
    await layer.scrollIntoViewIfNeeded()
    const lineOf = async (selector: string) => {
      const at = (await page.locator(selector).boundingBox())!
      return at.x + at.width / 2
    }
    // What is above may still be coming, and move it.
    await expect
      .poll(async () => {
        const box = (await layer.boundingBox())!
        await page.mouse.move(box.x + box.width * 0.6, box.y + 30)
        return Math.abs((await lineOf('.hairline')) - (await lineOf('.lines .hair')))
      })
      // Each stands in the middle of its own step, which are up to two minutes of some 15 px.
      .toBeLessThan(20)
    const tip = await page.locator('.tip').innerText()
    expect(tip).toMatch(/\d\d:\d\d – \d\d:\d\d · n \d/)
    expect(tip).toMatch(/p50\s+\d[\d.]*.(ms|µs)/)
    // As many as there are charts over time; the other way round too, with the cell that is pointed at.
    expect(await page.locator('.hairline').count()).toBe(await page.locator('main [role="slider"]').count())
    await expect
      .poll(async () => {
        const box = (await page.getByRole('application').boundingBox())!
        await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.6)
        return Math.abs((await lineOf('.hairline')) - (await lineOf('.lines .hair')))
      })
      .toBeLessThan(20)
    expect(await page.locator('.tooltip').innerText()).toMatch(
      /\d\d:\d\d[^]*\d … [\d.]+\s*(µs|ms|s)\b[^]*\d+ of \d+ requests/,
    )
    // Also on Explore's heatmap, with the events of the range.
    await page.goto('/explore?measure=endToEnd')
    await loaded(page)
    const plot = page.getByRole('application')
    await expect
      .poll(async () => {
        const over = (await plot.boundingBox())!
        await page.mouse.move(over.x + over.width * 0.8, over.y + 200)
        return Math.abs((await lineOf('.over .hair')) - (over.x + over.width * 0.8))
      })
      .toBeLessThan(30)
    await page.locator('.marks').getByText('payments v2').waitFor()
    await page.getByRole('list', { name: 'Events' }).getByText('payments v2').waitFor()
    await context.close()
  })
})

describe('every way of seeing', () => {
  it('ux 19: forced colours keep marks and focus, and the selection of the palette', async () => {
    const { page, context } = await site.open('/')
    await page.emulateMedia({ forcedColors: 'active' })
    const styleOf = (selector: string, property: string) =>
      page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).${property}`)
    await page.keyboard.press('Control+k')
    const option = page.locator('.option[aria-selected="true"]')
    await option.waitFor()
    expect(await styleOf('.option[aria-selected="true"]', 'outlineStyle')).toBe('solid')
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Escape')
    expect(await styleOf('.marks .mark', 'borderLeftStyle')).toBe('dashed')
    // Numbers of the axis: what is drawn left of the plot.
    await page.reload()
    await loaded(page)
    const drawn = await page.evaluate<number>(`(() => {
      const canvas = document.querySelector('.pane canvas')
      const { data } = canvas.getContext('2d').getImageData(0, 0, 30, canvas.height)
      return data.filter((value, i) => i % 4 === 3 && value > 0).length
    })()`)
    expect(drawn).toBeGreaterThan(0)
    await context.close()
  })

  it('ux 32: reduced motion leaves nothing that moves', async () => {
    const { page, context } = await site.open('/')
    await page.emulateMedia({ reducedMotion: 'reduce' })
    const moving = await page.evaluate(`[...document.querySelectorAll('*')].filter((node) => {
      const { transitionDuration, animationName } = getComputedStyle(node)
      return animationName !== 'none' || transitionDuration.split(',').some((each) => parseFloat(each) > 0)
    }).map((node) => node.className)`)
    expect(moving).toEqual([])
    await context.close()
  })

  it('ux 32: on paper of 800 px no table is cut', async () => {
    const { page, context } = await site.open(`/proxies/${await paymentsProxy()}`)
    await page.emulateMedia({ media: 'print' })
    await page.setViewportSize({ width: 800, height: 1_100 })
    await expect
      .poll(() =>
        page.evaluate(`[...document.querySelectorAll('table')].filter((table) =>
          table.checkVisibility() && table.getBoundingClientRect().right > 800).map((table) => table.innerText)`),
      )
      .toEqual([])
    await context.close()
  })

  it('ux 32: on paper it is light, without what can only be pressed, and as wide as the paper', async () => {
    const { page, context } = await site.open('/', { theme: 'dark' })
    await page.emulateMedia({ media: 'print' })
    await page.setViewportSize({ width: 720, height: 1_000 })
    await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe('light')
    expect(await page.getByRole('button').count()).toBe(0)
    expect(await page.locator('.verdict h2').isVisible()).toBe(true)
    await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(720)
    await page.emulateMedia({ media: 'screen' })
    await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    await context.close()
  })
})

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MapHop, ServiceMap } from '../../server/api/contract-map.ts'
import { eventually } from '../eventually.ts'
import type { Series } from '../../server/api/contract-measurements.ts'
import { axe, loaded, pressSequence, queryOf, startSite, type Site } from './browser.ts'
import { opensWhatLiesAtOrBelow } from './line-points.ts'
import { documentOf } from './trace-documents.ts'
import { send, settled } from './traffic.ts'

/** The map: ux behaviours 29 (map), 1 (URL), 16 (keyboard), 19 (never colour alone), 23 to 25 (states). */
let site: Site
let map: ServiceMap
const recorded = 800

const longName = `${'long-'.repeat(99)}name`
const oddNames = [longName, 'שירות-התשלומים', '<img src=x onerror=alert(1)>', '🛒 & "cart"']

beforeAll(async () => {
  site = await startSite(recorded)
  // Each calls the next, the last calls itself and the first: a circle and a loop.
  const calls = [...oddNames.map((name, i) => [name, oddNames[i + 1] ?? name]), [oddNames.at(-1)!, oddNames[0]!]]
  for (const [i, [from, to]] of (calls as [string, string][]).entries()) {
    const rows = [
      [from, 1, 0, 'GET /', 2, 0, 900],
      [from, 2, 1, 'GET /', 3, 100, 800],
      [to, 3, 2, 'GET /', 2, 200, 700],
    ] as const
    await send(site.hopscope, documentOf(`0dd${i}`.padEnd(32, '0'), rows))
  }
  await settled(site.hopscope, recorded + calls.length)
  // Rollups follow the facts.
  map = await eventually(async () => {
    const read = (await (await fetch(`${site.hopscope.apiUrl}/api/v1/map`)).json()) as ServiceMap
    const isThere = ([from, to]: readonly string[]) =>
      read.hops.some(({ caller, callee }) => caller === from && callee === to)
    return calls.every(isThere) && read
  })
}, 300_000)
afterAll(() => site?.close())

const picture = (page: Page) => page.getByRole('application')
const node = (page: Page, name: string) =>
  picture(page)
    .getByRole('button', { name: new RegExp(`^${name},`) })
    .first()
const status = (page: Page) => page.getByRole('toolbar').getByRole('status').first()
const spoken = (page: Page) => page.locator('[aria-live="polite"]').first()
/** As the screen writes it in ms or µs; the column has one unit. */
const written = (ns: number) => [`${(ns / 1e6).toFixed(2)}`, `${Math.round(ns / 1e3)}`]
const ends = ({ caller, callee }: MapHop) => [caller, callee].filter(Boolean)
const stated = () => map.hops.filter(({ transit }) => transit.p50Ns !== null)

describe('the map', () => {
  it('ux 29: draws every application and gateway once, and each link with the figure that the API has', async () => {
    const { page, context, complaints } = await site.open('/map?label=transit&p=p50')
    const services = new Set(map.hops.flatMap(ends))
    const gateways = map.proxies.filter(({ role }) => role === 'gateway')
    const names = await picture(page).locator('.node .name').allTextContents()
    for (const name of services) expect(names).toContain(name)
    for (const { name } of gateways) expect(names).toContain(name)
    const labels = await picture(page).locator('.label').allTextContents()
    expect(stated().length).toBeGreaterThan(1)
    for (const { transit } of stated()) {
      const [ms, us] = written(transit.p50Ns!)
      expect(labels.some((text) => text.includes(ms!) || text.includes(us!))).toBe(true)
    }
    expect(complaints).toEqual([])
    await context.close()
  })

  it('ux 9: opens from a point of the chart of what is selected a request that lies at or just below it', async () => {
    const api = `${site.hopscope.apiUrl}/api/v1`
    const range = `from=${Date.now() - 8 * 3_600_000}&to=${Date.now()}`
    const busy = stated().toSorted((a, b) => b.requests - a.requests)[0]!
    const series = (await (await fetch(`${api}/hops/${busy.id}/series?${range}`)).json()) as Series
    const { page, context } = await site.open(`/map?${range}&sel=${busy.id}&v=2`)
    const requests = `${api}/explore/requests?measure=transit&fidelity=${series.fidelity}&q=hop+%3D+${busy.id}`
    await opensWhatLiesAtOrBelow(page, { title: 'Transit over time', series, requests })
    await context.close()
  })

  it('ux 19: shows the added time of each gateway, and of how sure it is a sign and a word', async () => {
    const { page, context } = await site.open('/map?p=p50')
    const gateway = map.proxies.find(({ role, added }) => role === 'gateway' && added[0]?.p50Ns)!
    const box = node(page, gateway.name)
    const { p50Ns, fidelity } = gateway.added[0]!
    const [ms, us] = written(p50Ns!)
    const text = (await box.textContent())!
    expect(text.includes(ms!) || text.includes(us!)).toBe(true)
    expect(text).toContain({ exact: '', bounded: '≤', modelled: '≈', unknown: 'unknown' }[fidelity])
    expect(await box.getByRole('img', { name: fidelity }).count()).toBe(1)
    await context.close()
  })

  it('ux 29: finds and hides by expression, says what is wrong with one, and ranks', async () => {
    const { page, context } = await site.open('/map?p=p50')
    const all = map.hops.length
    const orders = map.hops.filter(({ callee }) => callee === 'orders').length
    const find = page.getByLabel('find')
    await find.fill('callee = orders')
    await expect.poll(() => status(page).textContent()).toBe(`${orders} found`)
    expect(await node(page, 'payments').getAttribute('class')).toMatch(/\bdim\b/)
    expect(await node(page, 'orders').getAttribute('class')).not.toMatch(/\bdim\b/)
    await find.fill('callee > orders')
    await page.getByText('compares numbers; callee takes').waitFor()
    await find.fill('')
    await page.getByLabel('hide').fill('callee = payments')
    await expect.poll(() => node(page, 'payments').count()).toBe(0)
    await expect.poll(() => status(page).textContent()).toMatch(/hops? hidden/)
    await page.getByLabel('hide').fill('requests > 0')
    await page.getByText(`hides all of ${all} hops`).waitFor()
    await page.getByRole('button', { name: 'Hide nothing' }).click()
    await page.getByLabel('label', { exact: true }).selectOption('transit')
    await page.getByLabel('show', { exact: true }).selectOption('10')
    await expect.poll(() => status(page).textContent()).toMatch(/^10 of \d+ hops, most transit$/)
    await context.close()
  })

  it('ux 29: of 220 hops is readable by rank and filter, draws traffic as width, and rings what fails', async () => {
    const like = stated()[0]!
    const names = Array.from({ length: 60 }, (_, i) => `service-${i}`)
    const hops = Array.from({ length: 220 }, (_, i): MapHop => {
      const [caller, callee] = [names[(i * 7) % 59]!, names[((i * 7) % 59) + 1 + (i % (59 - ((i * 7) % 59)))]!]
      const requests = 10 ** (1 + (i % 5))
      const errors = callee === 'service-59' ? requests / 2 : 0
      const transit = { ...like.transit, n: requests, p50Ns: (i + 1) * 100_000, p99Ns: (i + 1) * 200_000 }
      const id = (i + 1).toString(16).padStart(16, '0')
      return {
        ...like,
        ...{ id, kind: 'internal', caller, callee, via: [], requests, errors, errorRate: errors / requests, transit },
      }
    })
    const { page, context, complaints } = await site.blank()
    await page.route('**/api/v1/map?*', (route) => route.fulfill({ json: { ...map, hops, proxies: [] } }))
    await page.addInitScript(`
      globalThis.widths_ = new Set()
      const stroke = CanvasRenderingContext2D.prototype.stroke
      CanvasRenderingContext2D.prototype.stroke = function (...args) {
        globalThis.widths_.add(Math.round(this.lineWidth * 2) / 2)
        return stroke.apply(this, args)
      }`)
    await page.goto('/map?label=transit&p=p50')
    await loaded(page)
    await page.getByLabel('show', { exact: true }).selectOption('25')
    await expect.poll(() => status(page).textContent()).toMatch(/^25 of 220 hops, most transit$/)
    const boxes = async () =>
      (
        await picture(page)
          .locator('.label')
          .evaluateAll((labels) =>
            labels.map((label) => {
              const { left, top, right, bottom } = label.getBoundingClientRect()
              return [left, top, right, bottom] as const
            }),
          )
      ).filter(([left, , right]) => right > left)
    const overlaps = (all: Awaited<ReturnType<typeof boxes>>) =>
      all.flatMap((a, i) =>
        all
          .slice(i + 1)
          .filter(
            (b) => Math.min(a[2], b[2]) - Math.max(a[0], b[0]) > 1 && Math.min(a[3], b[3]) - Math.max(a[1], b[1]) > 1,
          ),
      )
    const shown = await boxes()
    expect(shown.length).toBeGreaterThan(5)
    expect(overlaps(shown)).toEqual([])
    expect((await page.evaluate<number[]>('[...globalThis.widths_]')).length).toBeGreaterThan(2)
    await page.getByLabel('show', { exact: true }).selectOption({ index: 0 })
    await page.getByLabel('hide').fill('callee != service-59')
    await expect.poll(() => status(page).textContent()).toMatch(/hops? hidden/)
    const failing = node(page, 'service-59')
    expect(await failing.getAttribute('class')).toMatch(/\bfailing\b/)
    expect(await failing.textContent()).toMatch(/50\.0\s%/)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('folds and unfolds proxies', async () => {
    const { page, context } = await site.open('/map')
    const gateway = map.proxies.find(({ role }) => role === 'gateway')!.name
    const count = () => picture(page).locator('.node.proxy').count()
    const [gateways, all] = [await count(), new Set(map.hops.flatMap(({ via }) => via)).size]
    expect(await node(page, gateway).count()).toBe(1)
    await page.keyboard.press('[')
    await expect.poll(count).toBe(all)
    await page.keyboard.press(']')
    await page.keyboard.press(']')
    await expect.poll(count).toBe(0)
    await page.keyboard.press('[')
    await expect.poll(count).toBe(gateways)
    await context.close()
  })

  it('ux 29: has the same picture after a refresh', async () => {
    const { page, context } = await site.open('/map')
    const places = () =>
      picture(page)
        .locator('.node')
        .evaluateAll((nodes) =>
          nodes.map((it) => `${it.getAttribute('style')} ${it.textContent}`.replace(/[\d.]+\s?\/s.*/, '')),
        )
    const before = await places()
    await page.keyboard.press('r')
    await loaded(page)
    expect(await places()).toEqual(before)
    await context.close()
  })

  it('ux 29: is a table too, with all hops and the figures that the API has', async () => {
    const { page, context } = await site.open('/map?p=p50')
    await page.getByRole('button', { name: 'View as table' }).click()
    const rows = page.getByRole('table', { name: 'Hops on the map' }).locator('tbody tr')
    expect(await rows.count()).toBe(map.hops.length)
    for (const { id, transit } of stated()) {
      const row = rows.filter({ has: page.locator(`a[href^="/hops/${id}"]`) })
      const [ms, us] = written(transit.p50Ns!)
      const text = (await row.locator('td').last().textContent())!
      expect(text.includes(ms!) || text.includes(us!)).toBe(true)
    }
    await page.goBack()
    await picture(page).waitFor()
    await context.close()
  })

  it('draws circles, calls to oneself, long names, right-to-left names and names in HTML as what they are', async () => {
    const { page, context, complaints } = await site.open('/map?hide=proxies+>+0')
    for (const name of oddNames) {
      const box = picture(page).locator('.node', { has: page.getByText(name, { exact: true }) })
      expect(await box.count()).toBe(1)
      expect((await box.boundingBox())!.width).toBeLessThan(200)
    }
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('by keys', () => {
  it('ux 16: walks along the links, says where it is, opens what is selected', async () => {
    const { page, context } = await site.open('/map?label=transit&p=p50')
    await picture(page).focus()
    await page.keyboard.press('Home')
    await expect.poll(() => spoken(page).textContent()).toMatch(/^Clients, send no spans, .*links? out$/)
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => spoken(page).textContent()).toMatch(/^Clients to /)
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => spoken(page).textContent()).toMatch(/, gateway, /)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => spoken(page).textContent()).toMatch(/, application, /)
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => spoken(page).textContent()).toMatch(/ to .*transit p50 /)
    const hop = (await queryOf(page)).get('sel')!
    expect(hop).toMatch(/^[0-9a-f]{16}$/)
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/hops/${hop}**`)
    await page.goBack()
    await page.getByRole('region', { name: 'Selected' }).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(async () => (await queryOf(page)).get('sel')).toBeNull()
    await context.close()
  })

  it('goes through hits and errors, zooms, moves, shows all, and is on the sheet of keys', async () => {
    const { page, context } = await site.open('/map')
    await page.keyboard.press('/')
    await page.keyboard.type('callee = orders')
    await page.keyboard.press('Enter')
    await expect.poll(() => spoken(page).textContent()).toMatch(/ to orders,/)
    const first = (await queryOf(page)).get('sel')
    await page.keyboard.press('Escape')
    await page.keyboard.press('n')
    await expect.poll(async () => (await queryOf(page)).get('sel')).not.toBe(first)
    await page.keyboard.press('e')
    await expect.poll(() => spoken(page).textContent()).toMatch(/% errors/)
    const size = page.getByRole('group', { name: 'Zoom' }).locator('.num')
    const opened = await size.textContent()
    await page.keyboard.press('w')
    await page.keyboard.press('d')
    await expect.poll(() => size.textContent()).not.toBe(opened)
    await expect.poll(async () => (await queryOf(page)).get('at')).toMatch(/^-?\d+,-?\d+,[\d.]+$/)
    await page.keyboard.press('?')
    await page.getByText('Along a link towards the leaf').waitFor()
    await context.close()
  })
})

describe('its address', () => {
  it('ux 1: is the whole view, measure, percentile, proxies, expressions, rank, selection, place', async () => {
    const { id } = map.hops.find(({ via }) => via.length > 1)!
    const path = `/map?label=transit&p=p50&proxies=all&find=orders&hide=callee+=+shop&top=25&sel=${id}&at=400,200,0.8&v=2`
    const { page, context } = await site.open(path)
    const view = async () => [
      await page.getByRole('region', { name: 'Selected' }).getByRole('heading').first().textContent(),
      await status(page).textContent(),
      await picture(page).locator('.drawing').getAttribute('style'),
      await page.getByLabel('label', { exact: true }).inputValue(),
      await page.getByLabel('proxies', { exact: true }).inputValue(),
    ]
    const before = await view()
    expect(before[2]).toContain('scale(0.8)')
    expect(before.slice(3)).toEqual(['transit', 'all'])
    await page.reload()
    await loaded(page)
    expect(await view()).toEqual(before)
    await context.close()
  })

  it('leads with a selection to its layers, hop, proxies and traces, and axe finds nothing in the dark', async () => {
    const hop = map.hops.find(({ via, transit }) => via.length > 1 && transit.p50Ns)!
    const { page, context, complaints } = await site.open(`/map?p=p50&sel=${hop.id}`, { theme: 'dark' })
    const side = page.getByRole('region', { name: 'Selected' })
    const [ms, us] = written(hop.transit.p50Ns!)
    expect(await side.locator('.figures').first().textContent()).toMatch(new RegExp(`${ms}|${us}`))
    for (const via of hop.via) expect(await side.locator(`a[href^="/proxies/${via}"]`).count()).toBe(1)
    expect(await side.getByRole('link', { name: 'Open hop' }).getAttribute('href')).toContain(`/hops/${hop.id}`)
    expect(await side.getByRole('link', { name: 'Traces' }).getAttribute('href')).toContain(`hop=${hop.id}`)
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('its states', () => {
  it('ux 23: empty, says where there is data', async () => {
    const { page, context } = await site.open('/map?from=1767225600000&to=1767229200000')
    await page.getByRole('link', { name: /^Go to last data/ }).waitFor()
    await context.close()
  })

  it('ux 24: slow, then failing, then mended, shows a skeleton, the reason in place, the map', async () => {
    const { page, context } = await site.open('/data')
    let answer: 'slow' | 'fail' | 'pass' = 'slow'
    let letGo = () => {}
    const seen = new Promise<void>((resolve) => (letGo = resolve))
    await page.route('**/api/v1/map*', async (route) => {
      if (answer === 'slow') await seen
      if (answer === 'fail') await route.abort()
      else await route.continue()
    })
    await pressSequence(page, 'g', 'm')
    await page.locator('.skeleton').first().waitFor()
    letGo()
    await node(page, 'orders').waitFor()
    answer = 'fail'
    await page.keyboard.press('r')
    await page.getByRole('alert').waitFor()
    // What was there stays there.
    expect(await node(page, 'orders').isVisible()).toBe(true)
    answer = 'pass'
    await page.getByRole('button', { name: /retry|again/i }).click()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await context.close()
  })
})

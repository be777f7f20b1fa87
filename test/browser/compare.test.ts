import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Comparison } from '../../server/api/contract-compare.ts'
import type { ProxyItem, ProxyList } from '../../server/api/contract-measurements.ts'
import { WhatIf } from '../../server/api/contract-what-if.ts'
import { addressOf, axe, loaded, startSite, themes, type Site } from './browser.ts'

let site: Site
let gateways: ProxyItem[]
beforeAll(async () => {
  site = await startSite(1_500)
  const response = await fetch(`${site.hopscope.apiUrl}/api/v1/proxies`)
  gateways = ((await response.json()) as ProxyList).items
    .filter(({ role }) => role === 'gateway')
    .sort((a, b) => b.requests - a.requests)
}, 300_000)
afterAll(() => site?.close())

const pair = () => {
  const [a, b] = gateways
  return `/compare?a=proxy+%3D+${a!.id}&b=proxy+%3D+${b!.id}`
}
const sentence = (page: Page) => page.getByRole('status').filter({ hasText: / (and|than) / })

/** What the API says to what the page asks. */
async function answerOf(page: Page, measure: string): Promise<Comparison> {
  const params = (await addressOf(page)).searchParams
  const side = (q: string | null) => ({ filter: { q: q ?? '' }, from: 'now-1h', to: 'now' })
  const response = await fetch(`${site.hopscope.apiUrl}/api/v1/compare`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ a: side(params.get('a')), b: side(params.get('b')), measure }),
  })
  return Comparison.parse(await response.json())
}

describe('Compare', () => {
  it('is answered in three actions from the overview: whether KrakenD or Envoy is faster for GET /cart, and by how much', async () => {
    const { page, context, complaints } = await site.open('/')
    await page.getByRole('link', { name: 'Compare' }).first().click()
    await page.getByRole('link', { name: 'istio-ingressgateway or krakend' }).click()
    await page
      .getByRole('table', { name: /^Kinds of request/ })
      .getByRole('button', { name: /^GET \/cart/ })
      .first()
      .click()
    await page.waitForURL(/route/)
    await loaded(page)
    const { sentence: said, adjusted, shift } = await answerOf(page, 'transit')
    expect(await sentence(page).innerText()).toBe(said)
    expect(said).toContain('GET /cart')
    expect(said).toMatch(/is faster than|are not distinguishable/)
    const { ratio, lo, hi } = (adjusted?.shift ?? shift)!
    const amount = await page.locator('.amount').innerText()
    for (const factor of [ratio, lo, hi]) expect(amount).toContain(factor.toFixed(2))
    expect(complaints).toEqual([])
    await context.close()
  })

  it.each(themes)(
    'shows the numbers of the API, with their interval and level, without complaint of axe in %s',
    async (theme) => {
      const { page, context, complaints } = await site.open(pair(), { theme })
      const { a, b, quantiles, adjusted } = await answerOf(page, 'transit')
      const told = (adjusted?.quantiles ?? quantiles)!.find(({ q }) => q === 0.5)!
      const row = page.getByRole('row', { name: /^p50 / }).first()
      const ms = (ns: number) => (ns / 1e6).toFixed(2)
      expect(await row.innerText()).toContain(ms(told.aNs!))
      expect(await row.innerText()).toContain(ms(told.bNs!))
      await page.locator('.badge', { hasText: a.fidelity }).waitFor()
      for (const { n } of [a, b])
        await page
          .getByText(new RegExp(`^n ${n}\\b`))
          .first()
          .waitFor()
      for (const view of ['Histograms', 'ECDF', 'Difference']) {
        await page.getByRole('radio', { name: view, exact: true }).check()
        await page.getByRole('img', { name: view === 'Difference' ? /^B less A/ : /^Share of requests/ }).waitFor()
        expect(await axe(page)).toEqual([])
      }
      expect(complaints).toEqual([])
      await context.close()
    },
  )

  it('is all in its address: sides swapped, nothing matched, another measure, and back', async () => {
    const { page, context } = await site.open(pair())
    await page.keyboard.press('s')
    await expect.poll(async () => (await addressOf(page)).searchParams.get('a')).toBe(`proxy = ${gateways[1]!.id}`)
    await page.getByRole('button', { name: 'Routes matched' }).click()
    await page.getByText('Requests as they are: nothing was matched.').waitFor()
    await page.getByLabel('measure').selectOption('endToEnd')
    await page.getByRole('region', { name: 'End to end' }).waitFor()
    await page.goBack()
    await page.goBack()
    await page.getByText(/^95 % intervals.*Like for like by route/).waitFor()
    await context.close()
  })

  it('says what is wrong with which filter, and what cannot be compared and why', async () => {
    const { page, context } = await site.open('/compare?a=route+%3D&b=proxy+%3D+x')
    const bar = page.getByRole('search', { name: 'Filter of A' })
    await bar.getByRole('status').waitFor()
    expect(await page.getByRole('search', { name: 'Filter of B' }).getByRole('status').count()).toBe(0)
    await context.close()
    const none = await site.open('/compare?a=proxy+%3D+nobody&b=route+%3D+GET')
    await none.page.getByText(/cannot be compared: there are fewer than 30 requests on a side/).waitFor()
    expect(await axe(none.page)).toEqual([])
    expect(none.complaints).toEqual([])
    await none.context.close()
  })

  it('is led to by the page of a proxy, before and now; what has no before is told so', async () => {
    const { page, context } = await site.open(`/proxies/${gateways[0]!.id}`)
    await page.getByRole('main').getByRole('link', { name: 'Compare' }).click()
    await page.getByText(/cannot be compared/).waitFor()
    expect((await addressOf(page)).searchParams.get('time')).toBe('before')
    await context.close()
  })

  it('fits a phone, however long figures and names are', async () => {
    const { page, context, complaints } = await site.blank({ size: 'phone', theme: 'dark' })
    await page.route('**/api/v1/{compare,composition}', async (route) => {
      const text = await (await route.fetch()).text()
      const longer = text
        .replace(
          /"(\w+Ns|ratio|lo|hi)":(-?[\d.]+)/g,
          (_, key: string, value: string) => `"${key}":${Number(value) * 137}`,
        )
        .replace(/"route":"/g, '"route":"GET /a/very/long/one/of/many/parts/that/nobody/would/read/')
      await route.fulfill({ contentType: 'application/json', body: longer })
    })
    await page.goto(pair())
    await sentence(page).waitFor()
    await loaded(page)
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 844 })
      await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    }
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})

/** Numbers of Compare that open to nothing, and what lacks in what others open to: `row: what`, each one once. */
const unopened = String.raw`(async () => {
  const said = new Set()
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
  const openers = new Map()
  for (let text; (text = walker.nextNode());) {
    const { data, parentElement: its } = text
    // What was asked for, names, explanations behind an (i) and the scales of charts are no figures.
    if (!/\d/.test(data) || its.closest('svg, label, select, [popover], [role=search], [role=status], .mono, h1, h2')) continue
    if (!its.checkVisibility() || its.closest('th[scope=col], caption')) continue
    const place = its.closest('tr, dl, .legend, .basis, .seen, .amount') ?? its.parentElement
    const opener = place.querySelector('button.says[popovertarget]')
    if (opener) openers.set(opener, place)
    else said.add(place.textContent.trim().slice(0, 60) + ': opens to nothing')
  }
  for (const button of document.querySelectorAll('main button.says[popovertarget]')) openers.set(button, button)
  for (const [button] of openers) {
    button.click()
    const made = document.getElementById(button.getAttribute('popovertarget'))
    for (let waits = 0; waits < 50 && !made.querySelector('h3'); waits++) await new Promise((done) => setTimeout(done, 10))
    const text = made.innerText
    const facts = [...made.querySelectorAll('dl')].map((list) => list.innerText).join()
    const lacks = {
      'its name': /^How .+ was made/.test(text),
      'a method': (made.querySelector('p')?.innerText.length ?? 0) > 40,
      n: /(^|\n)n\b[^]*\d/.test(facts),
      'an interval, or why not': /95 %|interval/.test(facts),
      SQL: /SELECT[^]*FROM/.test(made.querySelector('pre')?.innerText ?? ''),
    }
    for (const [what, isThere] of Object.entries(lacks)) if (!isThere) said.add(button.textContent + ': lacks ' + what)
    made.hidePopover()
  }
  return [openers.size, [...said]]
})()`

it('every number of Compare opens to its method, n, interval and SQL, and what the difference is made of adds up', async () => {
  const { page, context, complaints } = await site.blank()
  // Every view, ranking and place; the last is what the rest of this is about.
  for (const shown of [
    'measure=added&view=ecdf&match=none',
    'measure=endToEnd&view=histograms&explain=common&made=p50',
    'measure=endToEnd',
  ]) {
    await page.goto(`${pair()}&${shown}`)
    await loaded(page)
    const [count, lacking] = await page.evaluate<[number, string[]]>(unopened)
    expect(lacking).toEqual([])
    expect(count).toBeGreaterThan(15)
  }
  await page.getByRole('button', { name: 'p50', exact: true }).click()
  await page.getByRole('heading', { name: /^How p50 of .* was made$/ }).waitFor()
  expect(await axe(page)).toEqual([])
  await page.keyboard.press('Escape')
  const parts = page.getByRole('table', { name: /^Critical path of whole requests by class/ })
  await parts.getByRole('row', { name: /^together/ }).waitFor()
  expect(await parts.getByRole('row').count()).toBeGreaterThan(3)
  await page.getByRole('button', { name: 'Copy as Markdown' }).click()
  await page.getByText(/Comparison as Markdown (copied|selected)/).waitFor()
  expect(complaints).toEqual([])
  await context.close()
  // What whole requests do not know is said, not asked.
  const [{ id }] = gateways as [ProxyItem]
  const other = await site.open(`/compare?a=proxy+%3D+${id}&b=callee+%3D+frontend&measure=added`)
  await other.page.getByText('Whole requests cannot be narrowed by callee.').waitFor()
  expect(other.complaints).toEqual([])
  await other.context.close()
})

it('what the difference comes with is ranked and narrows both sides; resources that nobody sent are told as such', async () => {
  const { page, context, complaints } = await site.open(`${pair()}&measure=added`)
  await sentence(page).waitFor()
  const explained = page.getByRole('region', { name: 'What it comes with' })
  await explained.getByText(/^B takes /).waitFor()
  await explained.getByText(/A and B have no value in common of .*proxy/).waitFor()
  await page
    .getByRole('region', { name: 'Resources' })
    .getByText(/no metrics of these proxies have come/)
    .waitFor()
  await explained.getByRole('radio', { name: 'More common in B' }).check()
  await explained.getByRole('table', { name: 'Values that differ between A and B' }).waitFor()
  await explained
    .getByRole('button', { name: /^Only / })
    .first()
    .click()
  await expect.poll(() => new URL(page.url()).searchParams.get('a')).toMatch(/ and /)
  expect(new URL(page.url()).searchParams.get('b')).toMatch(/ and /)
  expect(complaints).toEqual([])
  await context.close()
})

it.each(themes)('claims of others stand beside what is measured, without complaint of axe in %s', async (theme) => {
  const { page, context, complaints } = await site.open('/claims', { theme, size: 'phone' })
  await page.getByRole('row', { name: /^A mesh adds 5 to 15 ms per hop/ }).waitFor()
  await page.getByRole('row', { name: /^mTLS/ }).getByText('not measurable: no span says it').waitFor()
  expect(await page.getByRole('row').count()).toBeGreaterThan(10)
  expect(await axe(page)).toEqual([])
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
  expect(wide).toBeLessThanOrEqual(0)
  expect(complaints).toEqual([])
  await context.close()
})

describe('What if', () => {
  it('is asked from the page of a proxy, and says what the API says', async () => {
    const { page, context, complaints } = await site.open(`/proxies/${gateways[0]!.id}`)
    await page.getByRole('main').getByRole('link', { name: 'What if' }).click()
    await page.waitForURL(/what-if/)
    const { id } = gateways[0]!
    const response = await fetch(`${site.hopscope.apiUrl}/api/v1/what-if`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        cohort: { filter: { q: `proxy = ${id}` }, from: 'now-1h' },
        change: { kind: 'remove', target: { proxy: id } },
      }),
    })
    const said = WhatIf.parse(await response.json())
    await page
      .getByRole('status')
      .filter({ hasText: /^Without / })
      .waitFor()
    expect(
      await page
        .getByRole('status')
        .filter({ hasText: /^Without / })
        .innerText(),
    ).toBe(said.sentence)
    await page.getByText(new RegExp(`^${said.requests.retimed} of ${said.requests.all} requests re-timed`)).waitFor()
    await page.getByRole('button', { name: 'p50' }).click()
    await page.getByRole('heading', { name: 'How p50 of what would be was made' }).waitFor()
    await page.getByRole('group', { name: 'SQL: requests of the cohort' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it.each(themes)('has no complaint of axe in %s, asks for what is missing, and fits a phone', async (theme) => {
    const { page, context, complaints } = await site.open('/what-if?target=gateway', { theme, size: 'phone' })
    await page
      .getByRole('status')
      .filter({ hasText: /^Without / })
      .waitFor()
    expect(await axe(page)).toEqual([])
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
    expect(wide).toBeLessThanOrEqual(0)
    await page.getByLabel('change', { exact: true }).selectOption('replace')
    await page.getByText(/^Choose what is to take its place/).waitFor()
    await page.getByLabel('others', { exact: true }).selectOption(`proxy = ${gateways[1]!.id}`)
    await page
      .getByRole('status')
      .filter({ hasText: /^With the in-process time of / })
      .waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})

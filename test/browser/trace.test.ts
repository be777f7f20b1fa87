import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { Trace } from '../../server/api/contract.ts'
import { axe, startSite, themes, type Site } from './browser.ts'
import { documentOf, largeTrace, recordedExamples, traceIdOf } from './trace-documents.ts'
import { send } from './traffic.ts'

const id = (n: number) => n.toString(16).padStart(32, 'a')
const script = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
const long = 'n'.repeat(500)
const rtl = 'خدمة الدفع'

let site: Site
let mesh = ''
let retried = ''

beforeAll(async () => {
  site = await startSite(0)
  const examples = recordedExamples()
  mesh = traceIdOf(examples[1]!)
  retried = traceIdOf(examples.find((document) => JSON.stringify(document).includes('retry.count'))!)
  for (const document of examples) await send(site.hopscope, document)
  await send(site.hopscope, documentOf(id(1), [['solo', 1, 0, 'GET /', 2, 0, 42]]))
  await send(
    site.hopscope,
    documentOf(id(2), [[script, 1, 0, script, 2, 0, 9_000]], { [script]: script, 'http.url': 'javascript:alert(1)' }),
  )
  await send(
    site.hopscope,
    documentOf(id(3), [
      [long, 1, 0, long, 2, 0, 9_000],
      [rtl, 2, 1, 'دفع /pay \u202Etrap', 2, 1_000, 4_000],
    ]),
  )
  await send(
    site.hopscope,
    documentOf(id(4), [
      ['shop', 1, 0, 'GET /shop', 2, 0, 9_000],
      ['pay', 5, 99, 'POST /pay', 2, 5_200, 8_000],
      ['stock', 8, 98, 'POST /reserve', 2, 6_000, 6_800],
    ]),
  )
})
afterAll(() => site?.close())

const traceOf = async (traceId: string) =>
  (await (await fetch(`${site.hopscope.apiUrl}/api/v1/traces/${traceId}`)).json()) as Trace
const rows = (page: Page) => page.locator('[data-at]')
const names = (page: Page) => rows(page).locator('.title').allTextContents()
const focused = (page: Page) => page.evaluate('document.activeElement?.getAttribute("data-at")')
/** A figure as printed, in ns: thin spaces, units and signs taken off. */
const nsOf = (text: string) => Math.round(Number(text.replace(/[^\d.]/g, '')) * 1e6)

describe('a trace', () => {
  it.each(themes)('is accessible, with details and on a phone too, in %s', async (theme) => {
    for (const size of ['desktop', 'phone'] as const) {
      const { page, context, complaints } = await site.open(`/traces/${retried}`, { theme, size })
      expect(await axe(page)).toEqual([])
      await rows(page).first().click()
      await page.getByRole('tab', { name: 'How computed' }).waitFor()
      expect(await axe(page)).toEqual([])
      expect(complaints).toEqual([])
      await context.close()
    }
  })

  it('is walked through by keys alone', async () => {
    const { page, context } = await site.open(`/traces/${mesh}`)
    expect(await names(page)).toEqual(['→ orders', 'orders'])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Home')
    expect(await focused(page)).toBe('0')
    await page.keyboard.press('ArrowRight')
    expect(await names(page)).toEqual(['→ orders', 'frontend, outbound sidecar', 'orders, inbound sidecar', 'orders'])
    expect(await rows(page).first().getAttribute('aria-expanded')).toBe('true')
    expect(await page.getByRole('treegrid').getAttribute('aria-rowcount')).toBe('5')
    await page.keyboard.press('ArrowRight')
    expect(await focused(page)).toBe('1')
    expect(await rows(page).nth(1).getAttribute('aria-level')).toBe('2')
    expect(await page.evaluate('[...document.querySelectorAll("[data-at]")].map((row) => row.tabIndex)')).toEqual([
      -1, 0, -1, -1,
    ])
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'frontend, outbound sidecar' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.getByRole('heading', { name: 'orders, inbound sidecar', exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('tab', { name: 'How computed' }).waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('2')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    expect(await names(page)).toEqual(['→ orders', 'orders'])
    await page.keyboard.press('w')
    await page.getByRole('button', { name: 'Whole trace (0)' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Whole trace (0)' }).waitFor({ state: 'detached' })
    await page.keyboard.press('c')
    await page.getByRole('button', { name: 'Critical path', pressed: false }).waitFor()
    await context.close()
  })

  it('shows the figures of the API', async () => {
    const trace = await traceOf(mesh)
    const { page, context } = await site.open(`/traces/${mesh}`)
    await page.keyboard.press('[')
    const cells = rows(page).filter({ hasText: 'outbound sidecar' }).locator('.proxies')
    const outbound = trace.proxies.find(({ role }) => role === 'sidecar-outbound')!
    expect(nsOf(await cells.innerText())).toBe(outbound.added.ns)
    const transit = rows(page).first().locator('.transit')
    expect(nsOf(await transit.innerText())).toBe(trace.hops[0]!.transit.ns)
    await rows(page).first().click()
    const parts = await page.locator('.computation').first().locator('table').last().locator('tbody tr').all()
    const shown = await Promise.all(parts.map(async (part) => nsOf(await part.locator('.exact').last().innerText())))
    expect(shown).toEqual(trace.hops[0]!.segments.map(({ ns }) => ns))
    expect(shown.reduce((a, b) => a + b, 0)).toBe(trace.hops[0]!.transit.ns)
    await context.close()
  })

  it('prints parts of the critical path that add up to the duration', async () => {
    for (const traceId of [mesh, retried]) {
      const { durationNs } = await traceOf(traceId)
      const { page, context } = await site.open(`/traces/${traceId}`)
      const parts = (await page.locator('[data-group]').allInnerTexts()).map(nsOf)
      expect(parts.length).toBeGreaterThan(1)
      expect(parts.reduce((a, b) => a + b, 0)).toBe(durationNs)
      expect(nsOf((await page.locator('.sum').innerText()).replace(/.*to /, ''))).toBe(durationNs)
      await context.close()
    }
  })

  it('keeps the view in its link', async () => {
    const { page, context } = await site.open(`/traces/${mesh}`)
    await rows(page).nth(1).click()
    await page.getByRole('tab', { name: /Attributes/ }).click()
    await page.keyboard.press('m')
    await page.keyboard.press('/')
    await page.keyboard.type('sidecar')
    await page.waitForURL(/q=sidecar/)
    const { page: other } = await site.open(page.url().slice(site.hopscope.apiUrl.length))
    await other.getByRole('tab', { name: /Attributes/, selected: true }).waitFor()
    await other.getByRole('button', { name: 'Self time', pressed: true }).waitFor()
    expect(await other.getByLabel('Find in trace').inputValue()).toBe('sidecar')
    expect(await other.locator('.row.hit').count()).toBeGreaterThan(0)
    await page.goBack()
    await page.getByRole('tab', { name: /Attributes/ }).waitFor({ state: 'detached' })
    await other.context().close()
    await context.close()
  })

  it('zooms by the minimap: a drag draws a window, its edge widens it, the wheel zooms at the pointer', async () => {
    const { page, context } = await site.open(`/traces/${mesh}`)
    const box = (await page.getByRole('group', { name: 'Minimap' }).boundingBox())!
    const x = (share: number) => box.x + share * box.width
    const y = box.y + box.height / 2
    const edge = async (name: RegExp) => Number(await page.getByRole('slider', { name }).getAttribute('aria-valuenow'))
    const durationNs = (await traceOf(mesh)).durationNs!
    const drag = async (from: number, to: number) => {
      await page.mouse.move(x(from), y)
      await page.mouse.down()
      await page.mouse.move(x(to), y, { steps: 4 })
      await page.mouse.up()
    }
    await drag(0.25, 0.5)
    expect((await edge(/^Start/)) / durationNs).toBeCloseTo(0.25, 1)
    expect((await edge(/^End/)) / durationNs).toBeCloseTo(0.5, 1)
    await drag(0.5, 0.75)
    expect((await edge(/^End/)) / durationNs).toBeCloseTo(0.75, 1)
    await drag(0.4, 0.5)
    expect((await edge(/^Start/)) / durationNs).toBeCloseTo(0.35, 1)
    const before = (await edge(/^End/)) - (await edge(/^Start/))
    await page.mouse.move(x(0.6), y)
    await page.mouse.wheel(0, -300)
    await expect.poll(async () => (await edge(/^End/)) - (await edge(/^Start/))).toBeLessThan(before)
    await page.waitForURL(/zoom=\d+-\d+/)
    await page.getByRole('slider', { name: /^Start/ }).press('Home')
    expect(await edge(/^Start/)).toBe(0)
    await page.keyboard.press('0')
    expect(await edge(/^End/)).toBe(durationNs)
    await page.waitForURL((url) => !url.searchParams.has('zoom'))
    await context.close()
  })

  it('can be taken along as a link, an id or a command', async () => {
    const { page, context } = await site.open(`/traces/${mesh}`)
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const copied = async (what: string) => {
      await page.getByRole('button', { name: 'Copy', exact: true }).click()
      await page.getByRole('button', { name: what, exact: true }).click()
      await page.getByText(`${what} copied`).waitFor()
      return page.evaluate('navigator.clipboard.readText()')
    }
    expect(await copied('Link')).toBe(page.url())
    expect(await copied('curl command')).toBe(`curl -s '${site.hopscope.apiUrl}/api/v1/traces/${mesh}'`)
    await context.close()
  })

  it('lists attempts and back-off of a retry', async () => {
    const { page, context } = await site.open(`/traces/${retried}`)
    expect(await names(page)).toEqual(['istio-ingressgateway', 'attempt 1', 'attempt 2'])
    await page.getByText('retried ×1').waitFor()
    await page.locator('svg').getByText('back-off 13.5').waitFor()
    await page.keyboard.press('e')
    expect(await focused(page)).toBe('1')
    await context.close()
  })

  it('shows what has no parent, and says so', async () => {
    const { page, context } = await site.open(`/traces/${id(4)}`)
    await page.getByText('2 parent spans are missing.').waitFor()
    expect(await names(page)).toEqual(['shop', 'pay', 'stock'])
    await page.getByRole('button', { name: 'Show' }).click()
    expect(await focused(page)).toBe('1')
    await context.close()
  })
})

describe('odd traces', () => {
  it('may have one span', async () => {
    const { page, context, complaints } = await site.open(`/traces/${id(1)}`)
    expect(await names(page)).toEqual(['solo'])
    expect(await page.locator('[data-group]').innerText()).toBe('42.000')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('stay text, whatever is in them', async () => {
    const { page, context } = await site.open(`/traces/${id(2)}?span=0000000000000001&tab=attributes`)
    await page.getByRole('tabpanel').getByText(script, { exact: true }).first().waitFor()
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(await page.locator('main img, main script, main a[href^="javascript"]').count()).toBe(0)
    await context.close()
  })

  it.each(['desktop', 'phone'] as const)('keep their shape with long and right-to-left names, %s', async (size) => {
    const { page, context } = await site.open(`/traces/${id(3)}`, { size })
    const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(wide)).toBe(0)
    const box = await rows(page).nth(1).boundingBox()
    expect(box!.height).toBe(size === 'phone' ? 44 : 26)
    expect(await rows(page).nth(1).locator('bdi.title').innerText()).toBe(rtl)
    await rows(page).first().click()
    await page.getByRole('tab', { name: 'How computed' }).waitFor()
    expect(await page.evaluate(wide)).toBe(0)
    await context.close()
  })

  it('may be unknown: the page says why and tries again', async () => {
    const { page, context } = await site.open(`/traces/${id(77)}`)
    await page.getByText(`No span of trace ${id(77)} is stored.`).waitFor()
    await send(site.hopscope, documentOf(id(77), [['late', 1, 0, 'GET /late', 2, 0, 500]]))
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('treegrid').waitFor()
    await page.goto(`/traces/nonsense`)
    await page.getByText('“nonsense” is not a trace id.').waitFor()
    await context.close()
  })

  it('may have 100,000 spans, of which only those in sight are elements', async () => {
    for (const part of largeTrace(id(5), 100_000)) await send(site.hopscope, part)
    const { page, context } = await site.open(`/traces/${id(5)}`)
    const grid = page.getByRole('treegrid')
    await grid.waitFor({ timeout: 60_000 })
    expect(await grid.getAttribute('aria-rowcount')).toBe('100001')
    expect(await rows(page).count()).toBeLessThan(80)
    await page.keyboard.press('End')
    await page.locator('[aria-rowindex="100001"]').waitFor()
    expect(await focused(page)).toBe('99999')
    expect(await rows(page).count()).toBeLessThan(80)
    await context.close()
  })
})

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PeerRank, Typical } from '../../server/api/contract-peers.ts'
import type { Trace } from '../../server/api/contract.ts'
import { axe, startSite, type Site } from './browser.ts'
import { documentOf, largeTrace, recordedExamples, traceIdOf } from './trace-documents.ts'
import { send, settled } from './traffic.ts'

const id = (n: number) => n.toString(16).padStart(32, 'b')
const script = '<img src=x onerror="window.hacked=1">'

/** So many requests of one shape, a tenth of a millisecond longer each, on the wire between shop and pay. */
const alike = Array.from({ length: 30 }, (_, i) =>
  documentOf(id(100 + i), [
    ['shop', 1, 0, 'GET /shop', 2, 0, 9_000 + 100 * i],
    ['shop', 3, 1, 'POST', 3, 500, 6_000 + 100 * i],
    ['pay', 2, 3, 'POST /pay', 2, 1_000, 5_000],
  ]),
)

let site: Site
/** KrakenD between Istio's sidecars: 9 spans, one hop, a gateway. */
let mesh = ''

beforeAll(async () => {
  site = await startSite(0)
  const example = recordedExamples()[14]!
  mesh = traceIdOf(example)
  await send(site.hopscope, example)
  await send(
    site.hopscope,
    documentOf(id(1), [
      [script, 1, 0, 'خدمة 🙂 الدفع', 2, 0, 9_000],
      [script, 2, 1, 'n'.repeat(500), 2, 1_000, 5_000],
      ['stock', 3, 1, 'beside', 2, 2_000, 6_000],
    ]),
  )
  for (const document of alike) await send(site.hopscope, document)
  for (const part of largeTrace(id(2), 100_000)) await send(site.hopscope, part)
  // A large one settles, too.
  await settled(site.hopscope, alike.length + 3)
})
afterAll(() => site?.close())

const looks = [
  ['light', 'desktop'],
  ['dark', 'phone'],
] as const
const tooWide = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

const traceOf = async (traceId: string) =>
  (await (await fetch(`${site.hopscope.apiUrl}/api/v1/traces/${traceId}`)).json()) as Trace
const flame = (page: Page) => page.getByRole('application', { name: /^Flame chart/ })
const spoken = async (page: Page) =>
  (await page.locator('main [aria-live="polite"]').first().innerText()).replace(/\s/g, ' ')
/** Whether something is painted at a point of the canvas, CSS px from its corner. */
const isPainted = (page: Page, x: number, y: number) =>
  page.evaluate(`{
    const canvas = document.querySelector('main canvas')
    const ratio = canvas.width / canvas.clientWidth
    canvas.getContext('2d').getImageData(${x} * ratio, ${y} * ratio, 1, 1).data[3] > 0
  }`)

describe('the flame chart', () => {
  it.each(looks)('is accessible, %s %s', async (theme, size) => {
    const { page, context, complaints } = await site.open(`/traces/${mesh}?form=flame`, { theme, size })
    expect(await axe(page)).toEqual([])
    expect(await tooWide(page)).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('is reached by 2 and walked by arrow keys, which say where they are', async () => {
    const { page, context } = await site.open(`/traces/${mesh}`)
    await page.keyboard.press('2')
    await flame(page).focus()
    await page.keyboard.press('Home')
    await expect.poll(() => spoken(page)).toMatch(/^krakend, inbound sidecar .* 24.5 ms, level 1, 1 callee$/)
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => spoken(page)).toMatch(/^krakend-edge .* level 2/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'krakend-edge' }).waitFor()
    await page.keyboard.press('ArrowUp')
    await page.getByRole('heading', { name: /krakend, inbound sidecar/ }).waitFor()
    await page.keyboard.press('f')
    await page.keyboard.press('Escape')
    await page.getByRole('tab', { name: 'How computed' }).waitFor({ state: 'detached' })
    await page.keyboard.press('1')
    await page.getByRole('treegrid').waitFor()
    await page.goBack()
    await flame(page).waitFor()
    await context.close()
  })

  it('paints a box where a span is, and nothing where none is; a click opens it, a double click fits it', async () => {
    const { page, context } = await site.open(`/traces/${id(1)}?form=flame`)
    const box = (await flame(page).boundingBox())!
    const at = (ms: number) => (ms / 9) * box.width
    await expect.poll(() => isPainted(page, at(3), 36)).toBe(true)
    // Beside each other in time: a lane each.
    expect(await isPainted(page, at(0.5), 36)).toBe(false)
    expect(await isPainted(page, at(5.5), 60)).toBe(true)
    expect(await isPainted(page, at(1.5), 60)).toBe(false)
    await page.mouse.dblclick(box.x + at(3), box.y + 36)
    await page.waitForURL(/zoom=/)
    await page.getByRole('tab', { name: 'How computed' }).waitFor()
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(await page.locator('main img').count()).toBe(0)
    await context.close()
  })

  it('may have 100,000 spans', async () => {
    const { page, context } = await site.open(`/traces/${id(2)}?form=flame`)
    await flame(page).waitFor({ timeout: 60_000 })
    expect(await flame(page).getAttribute('aria-label')).toContain('100000 spans')
    await page.keyboard.press('/')
    await page.keyboard.type('item 77777')
    await page.keyboard.press('Enter')
    await expect.poll(() => spoken(page), { timeout: 20_000 }).toContain('item 77777')
    await context.close()
  })

  it('keeps its shapes in forced colours', async () => {
    const { page, context } = await site.open(`/traces/${mesh}?form=flame`)
    await page.emulateMedia({ forcedColors: 'active' })
    await page.reload()
    await expect.poll(() => isPainted(page, 20, 12)).toBe(true)
    await context.close()
  })
})

describe('the map of a trace', () => {
  it.each(looks)('is accessible, as a table on a phone, %s %s', async (theme, size) => {
    const { page, context, complaints } = await site.open(`/traces/${mesh}?form=map`, { theme, size })
    expect(await axe(page)).toEqual([])
    expect(await page.getByRole('table').count()).toBe(size === 'phone' ? 1 : 0)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('shows the figures of the trace; keys walk it and open details', async () => {
    const trace = await traceOf(mesh)
    const gateway = trace.proxies.find(({ role }) => role === 'gateway')!
    const { page, context } = await site.open(`/traces/${mesh}`)
    await page.keyboard.press('3')
    const map = page.getByRole('application', { name: /^Map of/ })
    await map.focus()
    for (const key of ['Home', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key)
    const ms = (gateway.added.ns! / 1e6).toFixed(2)
    await expect.poll(() => spoken(page)).toContain(`krakend-edge, gateway, 1 call, added time max ≈ ${ms} ms`)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'krakend-edge' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('radio', { name: 'Transit' }).click({ force: true })
    const transit = (trace.hops[0]!.transit.ns! / 1e6).toFixed(2)
    await page.getByRole('button', { name: new RegExp(`transit max ${transit}\\sms`) }).waitFor()
    await page.getByRole('button', { name: 'View as table' }).click()
    expect(await page.getByRole('table').getByRole('row').nth(1).innerText()).toContain(transit)
    await context.close()
  })

  it('says so where there is no hop', async () => {
    const { page, context } = await site.open(`/traces/${id(2)}?form=map`)
    await page.getByText('This trace has no hop.').waitFor({ timeout: 60_000 })
    await context.close()
  })
})

describe('a request among others', () => {
  const longest = id(129)

  it('stands at its rank among the peers of its hop, at the same level', async () => {
    const { transit, hopId } = (await traceOf(longest)).hops[0]!
    const asked = `fidelity=${transit.fidelity}&ns=${transit.ns}&metric=transit`
    const rank = (await (await fetch(`${site.hopscope.apiUrl}/api/v1/hops/${hopId}/rank?${asked}`)).json()) as PeerRank
    expect(rank).toMatchObject({ n: 30, upTo: 1, hiShare: 1, fidelity: 'exact' })
    expect(rank.below).toBeGreaterThanOrEqual(28 / 30)
    const { page, context, complaints } = await site.open(`/traces/${longest}`)
    await page.locator('[data-at]').filter({ hasText: '→ pay' }).click()
    await page.getByText('of this hop, n = 30, the hour before').waitFor()
    expect(await page.locator('.rank b').innerText()).toBe(`p${((rank.below ?? 0) * 100).toFixed(0)} … p100`)
    expect(complaints).toEqual([])
    await context.close()
    const refused = await fetch(`${site.hopscope.apiUrl}/api/v1/hops/${hopId}/rank?fidelity=unknown&ns=5`)
    expect(refused.status).toBe(400)
    expect((await fetch(`${site.hopscope.apiUrl}/api/v1/hops/${'f'.repeat(16)}/rank?${asked}`)).status).toBe(404)
  })

  it('is held beside a typical one of the same shape: the differences add up to that of the durations', async () => {
    const own = await traceOf(longest)
    const { page, context, complaints } = await site.open(`/traces/${longest}`)
    await page.getByRole('button', { name: 'Compare with a typical one' }).click()
    const panel = page.getByRole('region', { name: 'Beside a typical request' })
    await panel.getByText('It took longer than 29 of 29 other requests of the same shape').waitFor()
    expect((await panel.locator('.sentence').innerText()).replace(/\s+/g, ' ')).toContain(
      'Beside one that took 10.400ms (the median), this one took 1.500ms longer.',
    )
    const { typical } = (await (
      await fetch(`${site.hopscope.apiUrl}/api/v1/traces/${longest}/typical`)
    ).json()) as Typical
    expect(typical!.traceId).toBe(id(114))
    const sum = (of: readonly { ns: number; typicalNs: number }[]) =>
      of.reduce((n, { ns, typicalNs }) => n + ns - typicalNs, 0)
    expect(sum(typical!.classes)).toBe(own.durationNs! - typical!.durationNs)
    expect(sum(typical!.spans) + typical!.restNs).toBe(1_500_000)
    expect(await axe(page)).toEqual([])
    await panel.getByRole('button', { name: 'shop POST' }).click()
    expect(await page.evaluate('document.activeElement?.getAttribute("role")')).toBe('row')
    await panel.getByRole('link', { name: 'Open the typical one' }).click()
    await page.waitForURL(new RegExp(id(114)))
    expect(complaints).toEqual([])
    await context.close()
  })

  it('has nothing typical beside it where it is the only one of its shape', async () => {
    const { page, context } = await site.open(`/traces/${mesh}?beside=typical`)
    await page.getByText('No other request of the same shape in the hour before').waitFor()
    await context.close()
  })
})

it.each(['waterfall', 'flame', 'map'])(
  'the %s is all there at double zoom, on paper and without motion',
  async (form) => {
    const { page, context, complaints } = await site.open(`/traces/${mesh}?form=${form}&beside=typical`)
    await page.setViewportSize({ width: 720, height: 450 })
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await expect.poll(() => tooWide(page)).toBe(0)
    await page.emulateMedia({ media: 'print' })
    await expect.poll(() => tooWide(page)).toBe(0)
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect((await page.pdf()).length).toBeGreaterThan(10_000)
    expect(complaints).toEqual([])
    await context.close()
  },
)

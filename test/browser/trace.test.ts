import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { CompactTrace } from '../../server/api/contract-columns.ts'
import type { Trace } from '../../server/api/contract.ts'
import { traceOfColumns } from '../../web/src/trace/columns.ts'
import { unpack } from '../../web/src/trace/unpack.ts'
import { axe, queryOf, startSite, themes, type Site } from './browser.ts'
import { eventually } from '../eventually.ts'
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
  // The clock of pay is 3 ms behind.
  await send(
    site.hopscope,
    documentOf(id(6), [
      ['shop', 1, 0, 'GET /shop', 2, 0, 9_000],
      ['shop', 2, 1, 'POST /pay', 3, 1_000, 6_000],
      ['pay', 3, 2, 'POST /pay', 2, -1_500, 1_500],
    ]),
  )
  await send(
    site.hopscope,
    documentOf(id(7), [
      ['shop', 1, 2, 'GET /shop', 2, 0, 9_000],
      ['pay', 2, 1, 'POST /pay', 2, 1_000, 2_000],
    ]),
  )
  await send(site.hopscope, documentOf(id(8), [['shop', 1, 0, 'GET /shop', 2, 0, 9_000]]))
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

  it('ux 16: is walked through by keys alone', async () => {
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

  it('ux 16: does by every key of the map what its name says', async () => {
    const { page, context } = await site.open(`/traces/${retried}`)
    const active = () => page.locator('[role="row"][tabindex="0"]').getAttribute('data-at')
    const zoom = () => queryOf(page).then((query) => (query.get('zoom') ?? '').split('-').map(Number))
    /** Presses, and waits until what is read is another. */
    const press = async <T>(key: string, read: () => Promise<T>): Promise<T> => {
      const before = JSON.stringify(await read())
      await page.keyboard.press(key)
      await expect.poll(async () => JSON.stringify(await read())).not.toBe(before)
      return read()
    }
    const [from, to] = (await press('w', zoom)) as [number, number]
    const later = (await press('d', zoom)) as [number, number]
    expect(later[0]).toBeGreaterThan(from)
    expect((await press('a', zoom))[0]).toBeLessThan(later[0])
    const far = await press('D', zoom)
    expect(far[1]).toBeGreaterThan(later[1])
    expect((await press('A', zoom))[0]).toBeLessThan(far[0]!)
    const [, wide] = await press('s', zoom)
    expect(wide === undefined || wide > to - from).toBe(true)
    await page.keyboard.press('0')
    await expect.poll(async () => (await queryOf(page)).get('zoom')).toBeNull()
    // Centre, then fit.
    await press('w', zoom)
    const [left, right] = (await press('w', zoom)) as [number, number]
    await page.keyboard.press('End')
    const centred = (await press('f', zoom)) as [number, number]
    expect(Math.abs(centred[1] - centred[0] - (right - left))).toBeLessThan(10)
    const fitted = (await press('f', zoom)) as [number, number]
    expect(Math.abs(fitted[1] - fitted[0] - (right - left))).toBeGreaterThan(1_000)
    await page.keyboard.press('0')
    await page.keyboard.press('Home')
    const shown = () => rows(page).count()
    const closed = await press(']', shown)
    expect(closed).toBe(1)
    const open = await press('[', shown)
    expect(open).toBeGreaterThan(2)
    expect(await press('.', active)).not.toBe('0')
    await press(',', active)
    // Errors, and hits of a search, forth and back.
    const failed = await press('e', active)
    expect(await page.locator(`[data-at="${failed}"] .title`).textContent()).toBe('attempt 1')
    await press('End', active)
    expect(await press('E', active)).toBe(failed)
    await page.keyboard.press('/')
    await page.keyboard.type('attempt')
    await expect.poll(() => page.locator('.row.hit').count()).toBeGreaterThan(1)
    await page.keyboard.press('Enter')
    await page.evaluate('document.activeElement.blur()')
    const hit = await active()
    await press('n', active)
    expect(await press('N', active)).toBe(hit)
    const form = () => queryOf(page).then((query) => query.get('form'))
    expect(await press('2', form)).toBe('flame')
    expect(await press('3', form)).toBe('map')
    expect(await press('1', form)).toBeNull()
    const isOn = (name: string) => page.getByRole('button', { name }).getAttribute('aria-pressed')
    await press('m', () => isOn('Self time'))
    await press('c', () => isOn('Critical path'))
    await page.keyboard.press('y')
    await page.getByText(/^Link (copied|selected)/).waitFor()
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

  it('ux 12: draws the critical path with a halo, c toggles it, its parts add up to the duration, and m shows self time', async () => {
    for (const traceId of [mesh, retried]) {
      const { durationNs } = await traceOf(traceId)
      const { page, context } = await site.open(`/traces/${traceId}`)
      const parts = (await page.locator('[data-group]').allInnerTexts()).map(nsOf)
      expect(parts.length).toBeGreaterThan(1)
      expect(parts.reduce((a, b) => a + b, 0)).toBe(durationNs)
      expect(nsOf((await page.locator('.sum').innerText()).replace(/.*to /, ''))).toBe(durationNs)
      const path = page.locator('.row rect.path').first()
      const { fill, stroke, strokeWidth } = await path.evaluate((rect) => {
        const { fill, stroke, strokeWidth } = rect.ownerDocument.defaultView!.getComputedStyle(rect)
        return { fill, stroke, strokeWidth }
      })
      expect(stroke).not.toBe(fill)
      expect(Number.parseFloat(strokeWidth)).toBeGreaterThan(2)
      await page.keyboard.press('c')
      await path.waitFor({ state: 'detached' })
      await page.keyboard.press('c')
      await path.waitFor()
      // Self time: what a span waited for is no bar of it any more, only a line from its first piece to its last.
      expect(await page.locator('svg.bar .base').count()).toBe(0)
      await page.keyboard.press('m')
      await page.getByRole('columnheader', { name: /self/ }).waitFor()
      await expect.poll(() => page.locator('svg.bar .base').count()).toBeGreaterThan(0)
      await context.close()
    }
  })

  it('ux 13: shows request transit, proxy and response transit of a hop as patterns of their own, estimated where clocks are corrected', async () => {
    const { page, context } = await site.open('/traces')
    const legend = page.getByRole('list', { name: 'Legend' })
    const patterns = new Set<string>()
    for (const traceId of [mesh, retried]) {
      await page.goto(`/traces/${traceId}`)
      await rows(page).first().waitFor()
      await page.keyboard.press('[')
      const found = await page
        .locator('[data-at] svg rect')
        .evaluateAll((rects) =>
          rects.flatMap((rect) => /#paint-([\w-]+)"/.exec(rect.getAttribute('style') ?? '')?.[1] ?? []),
        )
      // The wire and the proxy, each hatched the way the message goes.
      for (const way of ['request', 'response']) {
        expect(found.filter((name) => name.endsWith(way)).length).toBeGreaterThan(0)
        await legend.getByText(`${way} path`, { exact: true }).waitFor()
      }
      for (const name of found) patterns.add(name)
    }
    expect([...patterns]).toEqual(
      expect.arrayContaining(['gateway-request', 'gateway-response', 'sidecar-wire-request', 'sidecar-wire-response']),
    )
    const drawings = await page
      .locator('pattern')
      .evaluateAll((each) => each.map((pattern) => [pattern.id.replace('paint-', ''), pattern.innerHTML] as const))
    const looks = new Map(drawings)
    expect(new Set([...patterns].map((name) => looks.get(name))).size).toBe(patterns.size)
    await page.goto(`/traces/${id(6)}`)
    await legend.getByText('estimated: clocks corrected', { exact: true }).waitFor()
    // Said of each hop, and no longer where its clocks are shown as they were.
    const said = rows(page).getByText('estimated', { exact: true })
    await expect.poll(() => said.count()).toBe(1)
    await page.getByRole('button', { name: 'Raw clocks' }).click()
    await said.waitFor({ state: 'detached' })
    await context.close()
  })

  it('ux 14: says whose clock was corrected, takes the correction back, and always has the raw times', async () => {
    const { page, context } = await site.open(`/traces/${id(6)}`)
    const trace = await traceOf(id(6))
    const moved = trace.spans.filter((span) => span.startUnixNano !== span.placedStartUnixNano)
    expect(moved.length).toBeGreaterThan(0)
    await page.getByRole('button', { name: new RegExp(`clocks corrected on ${moved.length} span`) }).click()
    await page.getByText('1 span is drawn up to 3.50\u202fms from where its clock put it').waitFor()
    await page.getByText('skew_modeled').first().waitFor()
    await rows(page).last().click()
    const details = page.getByRole('complementary', { name: 'Details' })
    // Raw and corrected beside each other, whatever is drawn.
    await details.getByText(/start by its own clock/).waitFor()
    expect((await details.innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /start by its own clock −1\.500 ?ms drawn later by 3\.500 ?ms start as drawn 2\.000 ?ms/,
    )
    const bar = rows(page).last().locator('rect').first()
    const x = await bar.getAttribute('x')
    await page.getByRole('button', { name: 'Raw clocks' }).click()
    await page.waitForURL(/clocks=raw/)
    await expect.poll(() => bar.getAttribute('x')).not.toBe(x)
    await context.close()
  })

  it('ux 1: keeps the view in its link', async () => {
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

  it('ux 11: zooms by the minimap, a drag draws a window, its edge widens it, the wheel zooms at the pointer', async () => {
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
    const length = async () => (await edge(/^End/)) - (await edge(/^Start/))
    const pointed = async () => (0.6 * durationNs - (await edge(/^Start/))) / (await length())
    const [before, share] = [await length(), await pointed()]
    await page.mouse.move(x(0.6), y)
    await page.mouse.wheel(0, -300)
    await expect.poll(length).toBeLessThan(0.9 * before)
    // What is pointed at stays where it is in view.
    expect(await pointed()).toBeCloseTo(share, 1)
    await page.waitForURL(/zoom=\d+-\d+/)
    await page.getByRole('slider', { name: /^Start/ }).press('Home')
    expect(await edge(/^Start/)).toBe(0)
    await page.keyboard.press('0')
    expect(await edge(/^End/)).toBe(durationNs)
    await page.waitForURL((url) => !url.searchParams.has('zoom'))
    await context.close()
  })

  it('ux 21: can be taken along as a link, an id, a command and SQL', async () => {
    const { page, context } = await site.open(`/traces/${mesh}`)
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const copied = async (command: RegExp, said: string) => {
      await page.getByRole('button', { name: 'Copy', exact: true }).click()
      await page.getByRole('menuitem', { name: command }).click()
      await page.getByText(`${said} copied`).waitFor()
      return String(await page.evaluate('navigator.clipboard.readText()'))
    }
    expect(await copied(/^Copy link/, 'Link')).toBe(page.url())
    expect(await copied(/^Copy trace id/, 'Trace id')).toBe(mesh)
    const address = `${site.hopscope.apiUrl}/api/v1/traces/${mesh}`
    expect(await copied(/^Copy trace curl/, 'Curl command of trace')).toBe(`curl '${address}'`)
    const answer = await fetch(`${site.hopscope.engineUrl}/?database=hopscope&default_format=JSONCompactEachRow`, {
      method: 'POST',
      body: await copied(/^Copy spans/, 'SQL of the spans'),
    })
    const found = (await answer.text())
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as [string])[0])
    expect(found.toSorted()).toEqual((await traceOf(mesh)).spans.map(({ spanId }) => spanId).toSorted())
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

  it('ux 15: shows what has no parent, says so, and what came late or calls itself in a circle', async () => {
    const { page, context } = await site.open(`/traces/${id(4)}`)
    await page.getByText('2 parent spans are missing.').waitFor()
    await page.getByText('The 2 parts below stand on their own at the end, not guessed into the tree.').waitFor()
    expect(await names(page)).toEqual(['shop', 'pay', 'stock'])
    await page.getByRole('button', { name: 'Show' }).click()
    expect(await focused(page)).toBe('1')
    await page.goto(`/traces/${id(7)}`)
    await page.getByText('1 circle of parents.').waitFor()
    await page.getByText('the circle was cut at its earliest span').waitFor()
    expect(await rows(page).count()).toBe(2)
    // Its root has settled for long; what comes now is late.
    await eventually(async () => (await traceOf(id(8))).settled)
    await send(site.hopscope, documentOf(id(8), [['pay', 2, 1, 'POST /pay', 2, 1_000, 2_000]]))
    await eventually(async () => (await traceOf(id(8))).flags.includes('late_revision'))
    await page.goto(`/traces/${id(8)}`)
    await page.getByText('Spans arrived after the trace was analysed.').waitFor()
    await page.getByText('The numbers were computed again with them.').waitFor()
    expect(await names(page)).toContain('pay')
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

  it('ux 10: may have 100,000 spans, of which only those in sight are elements; of more it says that they are cut', async () => {
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
    // Wherever it is scrolled to, rows fill the screen, in their order, and what they say is there.
    for (const part of [0.1, 0.5, 0.9]) {
      await page.evaluate(`window.scrollTo(0, document.documentElement.scrollHeight * ${part})`)
      const shown = () =>
        page.evaluate<number[]>(`[...document.querySelectorAll('[data-at]')]
          .filter((row) => { const { top, bottom } = row.getBoundingClientRect(); return bottom > 0 && top < innerHeight })
          .map((row) => Number(row.getAttribute('aria-rowindex'))).sort((a, b) => a - b)`)
      await expect.poll(async () => (await shown()).length).toBeGreaterThan(20)
      const [first, ...more] = (await shown()) as [number, ...number[]]
      expect(more).toEqual(more.map((_, i) => first + i + 1))
      expect(first).toBeGreaterThan(100_000 * (part - 0.02))
      expect(first).toBeLessThan(100_000 * (part + 0.02))
    }
    await rows(page).nth(20).click()
    const details = page.getByRole('complementary', { name: 'Details' })
    await details.getByText('Duration of the span less the union of the spans it waited for').first().waitFor()
    await page.keyboard.press('Escape')
    // The earliest 100,000 of more.
    await send(site.hopscope, documentOf(id(5), [['batch', 200_000, 1, 'one more', 1, 10, 20]]))
    const cut = page.getByText('The trace was cut at the size limit.')
    // Where it was analysed without that one, its page is as it was until it is analysed again.
    await expect
      .poll(
        async () => {
          await page.reload()
          await grid.waitFor({ timeout: 60_000 })
          return cut.count()
        },
        { timeout: 90_000 },
      )
      .toBe(1)
    expect(await grid.getAttribute('aria-rowcount')).toBe('100001')
    await context.close()
  })

  it('ux 10: of many spans is drawn from what was made of it when it was analysed, which is what its spans say', async () => {
    const { apiUrl, engineUrl } = site.hopscope
    for (const part of largeTrace(id(9), 10_000)) await send(site.hopscope, part)
    await eventually(async () => (await traceOf(id(9))).settled)
    const sql = `SELECT sum(job IN (SELECT job FROM traces WHERE trace_id = unhex('${id(9)}'))) FROM trace_pages WHERE trace_id = unhex('${id(9)}')`
    const made = await fetch(`${engineUrl}/?database=hopscope&query=${encodeURIComponent(sql)}`)
    expect(Number(await made.text())).toBe(1)
    const bytesBy = async (encoding: string) => {
      const address = `${apiUrl}/api/v1/traces/${id(9)}?format=columns`
      return (await fetch(address, { headers: { 'accept-encoding': encoding } })).arrayBuffer()
    }
    const bytes = await bytesBy('gzip')
    expect(Buffer.compare(Buffer.from(bytes), Buffer.from(await bytesBy('identity')))).toBe(0)
    const { spans, ...read } = JSON.parse(JSON.stringify(traceOfColumns(unpack(bytes) as CompactTrace))) as Trace
    const whole = await traceOf(id(9))
    expect(spans.map((span) => JSON.stringify(span)).toSorted()).toEqual(
      whole.spans.map((span) => JSON.stringify(span)).toSorted(),
    )
    expect(read).toEqual({ ...whole, spans: undefined })
  })
})

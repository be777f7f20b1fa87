import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Accuracy } from '../../server/api/contract-accuracy.ts'
import type { ProxyList } from '../../server/api/contract-measurements.ts'
import { addressOf, axe, startSite, themes, type Site } from './browser.ts'

let site: Site
beforeAll(async () => {
  site = await startSite(200)
})
afterAll(() => site?.close())

const get = async <T>(path: string) => (await (await fetch(`${site.hopscope.apiUrl}/api/v1${path}`)).json()) as T

describe('how wrong the numbers can be', () => {
  it('shows what was measured, by number and truth, and has the choice in the URL', async () => {
    const { page, context, complaints } = await site.open('/data')
    const { rows, bounds } = await get<Accuracy>('/accuracy')
    const table = page.getByRole('table', { name: 'Errors by proxy' })
    const shows = async (source: string, measure: string) =>
      expect
        .poll(() => table.locator('tbody tr').count())
        .toBe(rows.filter((row) => row.source === source && row.measure === measure).length)
    await shows('recorded', 'added')
    await page.getByText('In-process time', { exact: true }).click()
    await shows('recorded', 'overhead')
    await page.getByText('Generated', { exact: true }).click()
    await shows('generated', 'overhead')
    expect((await addressOf(page)).search).toContain('number=overhead&truth=generated')
    await table.getByText('ztunnel').waitFor()

    const summary = page.getByText(`All ${bounds.length} bounds hold`)
    await summary.focus()
    await page.keyboard.press('Enter')
    const list = page.getByRole('table', { name: 'Bounds', exact: true })
    await list.waitFor()
    expect(await list.locator('tbody tr').count()).toBe(bounds.length)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('rules tried', () => {
  it('say line and reason of what is wrong, and change nothing', async () => {
    const { page, context } = await site.open('/data')
    await page.getByText('names no file').waitFor()
    const field = page.getByLabel('Rules to try')
    await field.fill('rules:\n  - name: x\n    match: { service: x }\n    is: { role: router }\n')
    await page.getByRole('button', { name: 'Try', exact: true }).click()
    await page.getByText('These rules cannot be read').waitFor()
    await page.getByText('line 4').waitFor()
    await page.getByText(/rules\.0\.is\.role/).waitFor()
    await page.getByRole('button', { name: 'Discard changes' }).click()
    expect(await field.inputValue()).toContain('my-gateway')
    await context.close()
  })

  it('show which proxies would be others, with traces to open; the keyboard gets there and on', async () => {
    const { items } = await get<ProxyList>('/proxies')
    const proxy = items.find(({ role }) => role === 'gateway')!
    const { page, context, complaints } = await site.open('/data')
    const field = page.getByLabel('Rules to try')
    await field.fill(
      `rules:
  - name: mine
    match: { resource: { service.name: { prefix: "${proxy.name.slice(0, 5)}" } } }
    is: { family: mine, role: gateway, workload: renamed }
  - name: nobody
    match: { service: nobody }
    is: { role: app }
`,
    )
    await field.press('Tab')
    await page.keyboard.press('Enter')
    const table = page.getByRole('table', { name: 'What the rules would change' })
    await table.waitFor()
    await table.getByText('renamed').first().waitFor()
    await page.getByText('No span matches first: nobody').waitFor()
    const example = table.getByRole('link').first()
    const traceId = (await example.getAttribute('aria-label'))!.replace('Trace ', '')
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme })
      expect(await axe(page)).toEqual([])
    }
    await example.click()
    await page.waitForURL(new RegExp(`/traces/${traceId}`))
    expect((await get<ProxyList>('/proxies')).items.some(({ name }) => name === 'renamed')).toBe(false)
    expect(complaints).toEqual([])
    await context.close()
  })
})

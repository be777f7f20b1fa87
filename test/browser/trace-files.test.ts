import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ImportedFile } from '../../server/api/contract-import.ts'
import type { Trace } from '../../server/api/contract.ts'
import { axe, startSite, themes, type Site } from './browser.ts'
import { documentOf, recordedExamples, traceIdOf } from './trace-documents.ts'
import { send } from './traffic.ts'

let site: Site
const example = recordedExamples()[1]!
const traceId = traceIdOf(example)

beforeAll(async () => {
  site = await startSite(0)
  await send(site.hopscope, example)
})
afterAll(() => site?.close())

const us = (n: number) => 1_700_000_000_000_000 + n
const jaeger = {
  data: [1, 2].map((n) => ({
    traceID: String(n).repeat(32),
    spans: Array.from({ length: n }, (_, i) => ({
      ...{ traceID: String(n).repeat(32), spanID: `a${i}`, operationName: `GET /${n}`, processID: 'p1' },
      ...{ startTime: us(i), duration: 9000, references: i === 0 ? [] : [{ refType: 'CHILD_OF', spanID: 'a0' }] },
      tags: [{ key: 'note', value: '<img src=x onerror="window.hacked=1">' }],
    })),
    processes: { p1: { serviceName: `shop ${n}` } },
  })),
}
const zipkin = [
  {
    traceId: '7',
    id: '8',
    kind: 'SERVER',
    name: 'get',
    timestamp: us(0),
    duration: 12,
    localEndpoint: { serviceName: 'cart' },
  },
]

const choose = (page: Page, file: { name: string; content: unknown }) =>
  page.getByLabel('Trace file', { exact: true }).setInputFiles({
    name: file.name,
    mimeType: 'application/json',
    buffer: Buffer.from(typeof file.content === 'string' ? file.content : JSON.stringify(file.content)),
  })
const names = (page: Page) => page.locator('[data-at] .title').allTextContents()
const post = (body: string, query = '', headers: Record<string, string> = {}) =>
  fetch(`${site.hopscope.apiUrl}/api/v1/traces/import${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

describe('export and import', () => {
  it('ux 22: a trace is exported as OTLP JSON by its page, and the file opens with the same numbers', async () => {
    const { page, context, complaints } = await site.open(`/traces/${traceId}`)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Export as OTLP JSON' }).click(),
    ])
    expect(download.suggestedFilename()).toBe(`${traceId}.otlp.json`)
    const content = readFileSync(await download.path(), 'utf8')
    const shown = await page.locator('[data-at]').allInnerTexts()
    await page.goto('/traces/import')
    await choose(page, { name: 'exported.json', content })
    await page.getByText('exported.json').waitFor()
    expect(await page.locator('[data-at]').allInnerTexts()).toEqual(shown)
    // Nothing of it can be asked of the API or of ClickHouse.
    await page.getByRole('button', { name: 'Copy', exact: true }).click()
    expect((await page.getByRole('menuitem').allInnerTexts()).join(' ')).not.toMatch(/curl|SQL|CSV|JSON/)
    await page.keyboard.press('Escape')
    expect(complaints).toEqual([])
    await context.close()
    const stored = (await (await fetch(`${site.hopscope.apiUrl}/api/v1/traces/${traceId}`)).json()) as Trace
    const { format, trace } = (await (await post(content)).json()) as ImportedFile
    expect(format).toBe('otlp')
    expect(trace!.proxies).toEqual(stored.proxies)
    expect(trace!.hops).toEqual(stored.hops)
    expect(trace!.criticalPath).toEqual(stored.criticalPath)
    expect(trace!.spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1))).toEqual(
      stored.spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1)),
    )
  })

  it.each(['desktop', 'phone'] as const)('a file of Jaeger lets one of its traces be chosen, %s', async (size) => {
    const { page, context, complaints } = await site.open('/traces/import', { size })
    await choose(page, { name: 'jaeger.json', content: jaeger })
    await page.getByText('jaeger.json').waitFor()
    expect(await names(page)).toEqual(['shop 2', 'shop 2'])
    await page.getByLabel('Trace of the file').selectOption({ index: 1 })
    await page.getByRole('heading', { name: 'shop 1 GET /1' }).waitFor()
    expect(await names(page)).toEqual(['shop 1'])
    await page.locator('[data-at]').first().click()
    await page.getByRole('tab', { name: /Attributes/ }).click()
    await page.getByText('onerror', { exact: false }).first().waitFor()
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(complaints).toEqual([])
    await context.close()
  })

  it.each(themes)('is accessible before and after, by keys alone, %s', async (theme) => {
    const { page, context } = await site.open('/traces/import', { theme })
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Choose a file' }).focus()
    const asked = page.waitForEvent('filechooser')
    // The browser has been told by now that nobody is at the screen to choose.
    await page.evaluate('document.title')
    await page.keyboard.press('Enter')
    const chooser = await asked
    await chooser.setFiles({
      name: 'zipkin.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(zipkin)),
    })
    await page.getByText('zipkin.json').waitFor()
    expect(await names(page)).toEqual(['cart'])
    expect(await axe(page)).toEqual([])
    await context.close()
  })

  it('a malformed file says where it is wrong, and the next one opens', async () => {
    const { page, context } = await site.open('/traces/import')
    const broken = structuredClone(jaeger) as { data: { spans: { startTime: unknown }[] }[] }
    broken.data[1]!.spans[1]!.startTime = 'noon'
    await choose(page, { name: 'broken.json', content: broken })
    await page.getByText('data[1].spans[1].startTime is not a number of microseconds').waitFor()
    await choose(page, { name: 'half.json', content: '{"data": [' })
    await page.getByText('invalid JSON').waitFor()
    await choose(page, { name: 'no-ids.json', content: documentOf('ab', [['shop', 1, 0, 'GET /', 2, 0, 9]]) })
    await page.getByText('1 span left out: trace id is not 16 bytes.').waitFor()
    await page.getByRole('button', { name: 'Open another file' }).click()
    await choose(page, { name: 'zipkin.json', content: zipkin })
    await page.getByRole('treegrid').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await context.close()
  })

  it('a file too large is refused before it is sent', async () => {
    const { page, context, complaints } = await site.open('/traces/import')
    await page.evaluate(`{
      const data = new DataTransfer()
      data.items.add(new File([new Uint8Array(64 * 2 ** 20 + 1)], 'huge.json'))
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }))
    }`)
    await page.getByText('huge.json has more than 64 MiB').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('the API reads what pages of this server send, up to a limit, and stores nothing', async () => {
    const refused = async (answer: Response) => [answer.status, ((await answer.json()) as { detail: string }).detail]
    const text = JSON.stringify(jaeger)
    expect(await refused(await post(text, '', { origin: 'https://elsewhere.example' }))).toEqual([
      403,
      'pages of https://elsewhere.example may not ask this',
    ])
    expect(await refused(await post(text, '', { 'content-type': 'text/plain' }))).toEqual([
      415,
      'send application/json',
    ])
    expect(await refused(await post(text, `?traceId=${'f'.repeat(32)}`))).toEqual([
      404,
      `the file has no trace ${'f'.repeat(32)}`,
    ])
    expect((await refused(await post(text, '?traceId=1')))[0]).toBe(400)
    expect(await refused(await post(''))).toEqual([400, 'file: the file is empty'])
    expect(await refused(await post('['.repeat(200_000)))).toEqual([400, expect.stringContaining('invalid JSON')])
    expect(await refused(await post(' '.repeat(64 * 2 ** 20 + 1)))).toEqual([413, 'file: at most 64 MiB'])
    const counted = `${site.hopscope.engineUrl}/?database=hopscope&query=SELECT+uniqExact(trace_id)+FROM+spans`
    expect(Number(await (await fetch(counted)).text())).toBe(1)
    const wrong = await fetch(`${site.hopscope.apiUrl}/api/v1/traces/import`)
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

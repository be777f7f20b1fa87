import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TraceList } from '../../server/api/contract-catalogue.ts'
import { addressOf, loaded, startSite, type Site } from './browser.ts'
import { send, settled } from './traffic.ts'

const markup = '<img src=x onerror=alert(1)>'
let site: Site
beforeAll(async () => {
  site = await startSite(300)
  await send(site.hopscope, oneSpan(markup, 'GET <b>bold</b>'))
  await settled(site.hopscope, 301)
})
afterAll(() => site?.close())

function oneSpan(service: string, name: string): object {
  const startMs = Date.now() - 1_000
  return {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: randomBytes(16).toString('hex'),
                spanId: randomBytes(8).toString('hex'),
                name,
                kind: 2,
                startTimeUnixNano: `${startMs}000000`,
                endTimeUnixNano: `${startMs + 25}000000`,
              },
            ],
          },
        ],
      },
    ],
  }
}

async function api(query: string): Promise<TraceList> {
  return (await (await fetch(`${site.hopscope.apiUrl}/api/v1/traces?${query}`)).json()) as TraceList
}

describe('the list of traces', () => {
  it('reads on where the page before ended, until all are shown', async () => {
    const { page, context } = await site.open('/traces')
    const rows = page.locator('tbody tr')
    expect(await rows.count()).toBe(100)
    for (const count of [200, 300, 301]) {
      await page.getByRole('button', { name: 'Load more' }).click()
      await page.getByText(count === 301 ? 'all 301 shown' : `${count} shown`, { exact: true }).waitFor()
      expect(await rows.count()).toBe(count)
    }
    const links = await page.locator('tbody a').evaluateAll((all) => all.map((link) => link.getAttribute('href')))
    expect(new Set(links).size).toBe(301)
    await context.close()
  })

  it('orders by duration when asked, and the URL says so', async () => {
    const { page, context } = await site.open('/traces')
    await page.getByText('Longest', { exact: true }).click()
    await loaded(page)
    expect((await addressOf(page)).searchParams.get('sort')).toBe('duration')
    const [longest] = (await api('sort=duration&limit=1')).items
    expect(await page.locator('tbody a').first().getAttribute('href')).toContain(longest!.traceId)
    await context.close()
  })

  it('takes names from exporters as text', async () => {
    const { page, context, complaints } = await site.open('/traces?service=' + encodeURIComponent(markup))
    await page.getByText(markup).waitFor()
    await page.getByText('GET <b>bold</b>').waitFor()
    expect(await page.locator('tbody img, tbody b').count()).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('filters', () => {
  it('narrow while typing, in one step of the history', async () => {
    const { page, context } = await site.open('/traces')
    await page.getByLabel('took at least').pressSequentially('20ms', { delay: 30 })
    await page.keyboard.press('Enter')
    await page.waitForURL(/minNs=20000000/)
    await loaded(page)
    await page.getByRole('button', { name: 'Errors only' }).click()
    await page.waitForURL(/error=true/)
    await page.goBack()
    await page.waitForURL((url) => !url.searchParams.has('error') && url.searchParams.get('minNs') === '20000000')
    expect(await page.getByLabel('took at least').inputValue()).toBe('20ms')
    await page.goBack()
    await page.waitForURL((url) => url.search === '')
    expect(await page.getByLabel('took at least').inputValue()).toBe('')
    await context.close()
  })

  it('of a link are there in the second browser', async () => {
    const { page, context } = await site.open('/traces?service=frontend&minNs=1500000&error=true&q=GET')
    const values = await Promise.all(
      ['service', 'took at least', 'Trace id, or text in service and route'].map((label) =>
        page.getByLabel(label, { exact: true }).inputValue(),
      ),
    )
    expect(values).toEqual(['frontend', '1.5ms', 'GET'])
    expect(await page.getByRole('button', { name: 'Errors only' }).getAttribute('aria-pressed')).toBe('true')
    const { items } = await api('service=frontend&minNs=1500000&error=true&q=GET')
    expect(await page.locator('tbody tr').count()).toBe(items.length)
    await context.close()
  })

  it('that hide everything say so and can be cleared', async () => {
    const { page, context } = await site.open('/traces?q=nothing-has-this-name')
    await page.getByText('1 filter hides all traces of this range.').waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.locator('tbody tr').first().waitFor()
    expect((await addressOf(page)).search).toBe('')
    await context.close()
  })

  it('refuse what is no duration, and keep the list', async () => {
    const { page, context } = await site.open('/traces')
    await page.getByLabel('at most').fill('soon')
    await page.keyboard.press('Enter')
    await page.getByText('not a duration').waitFor()
    expect((await addressOf(page)).search).toBe('')
    expect(await page.locator('tbody tr').count()).toBe(100)
    await context.close()
  })

  it('by a proxy show its name', async () => {
    const proxies = (await (await fetch(`${site.hopscope.apiUrl}/api/v1/proxies`)).json()) as {
      items: { id: string; name: string }[]
    }
    const [{ id, name }] = proxies.items as [{ id: string; name: string }]
    const { page, context } = await site.open(`/traces?proxy=${id}`)
    await page.getByRole('search').getByRole('link', { name }).waitFor()
    await page.getByRole('button', { name: 'Any proxy' }).click()
    await page.waitForURL((url) => url.search === '')
    await context.close()
  })
})

describe('the keyboard', () => {
  it('goes to the search by /, down the rows by arrows, into a trace by Enter, and back', async () => {
    const { page, context } = await site.open('/traces')
    await page.keyboard.press('/')
    expect(await page.evaluate('document.activeElement.tagName')).toBe('INPUT')
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    const second = await page.locator('tbody a').nth(1).getAttribute('href')
    expect(await page.evaluate(`document.activeElement.getAttribute('href')`)).toBe(second)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/)
    await page.goBack()
    await page.waitForURL(/\/traces$/)
    await context.close()
  })

  it('pastes a trace id, alone or in a traceparent, and is at the trace', async () => {
    const { traceId } = (await api('limit=1')).items[0]!
    for (const text of [traceId, `00-${traceId}-00f067aa0ba902b7-01`]) {
      const { page, context } = await site.open('/traces')
      await page.getByLabel('Trace id, or text in service and route').focus()
      await page.keyboard.insertText(text)
      await page.keyboard.press('Enter')
      await page.waitForURL(new RegExp(`/traces/${traceId}`))
      await context.close()
    }
  })
})

describe('when the API does not answer', () => {
  it('says so in place, and shows the list after a retry', async () => {
    const { page, context } = await site.open('/data')
    await page.route('**/api/v1/traces*', (route) => route.abort())
    await page.getByRole('navigation', { name: 'Screens', exact: true }).getByRole('link', { name: 'Traces' }).click()
    await page.getByRole('alert').getByText('No answer from hopscope').waitFor()
    await page.unroute('**/api/v1/traces*')
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.locator('tbody tr').first().waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await context.close()
  })

  it('ux 25: keeps what it showed while ClickHouse restarts, and recovers on retry', async () => {
    const { page, context } = await site.open('/traces')
    // Whoever starts it again is held until that it is gone has been seen.
    process.kill(site.hopscope.pid, 'SIGSTOP')
    try {
      await site.hopscope.kill9('engine')
      await page.getByRole('button', { name: 'Refresh (r)' }).click()
      await page.getByRole('alert').first().waitFor()
      expect(await page.locator('tbody tr').count()).toBe(100)
    } finally {
      process.kill(site.hopscope.pid, 'SIGCONT')
    }
    const retried = async () => {
      const retry = page.getByRole('button', { name: 'Retry' }).first()
      if (await retry.isVisible()) await retry.click().catch(() => undefined)
      await loaded(page)
      return page.getByRole('alert').count()
    }
    await expect.poll(retried, { interval: 500, timeout: 90_000 }).toBe(0)
    await context.close()
  })
})

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Differences, ExploreHeatmap, ExploreRequestList, GroupList } from '../../server/api/contract-explore.ts'
import { axe, loaded, pressSequence, queryOf, startSite, type Site } from './browser.ts'
import { mostRows } from '../../web/src/explore/tail.ts'
import { analysed, send, settled } from './traffic.ts'

/** Explore, by the behaviours of the catalogue of screens that name it. */
let site: Site
const traces = 1_500
beforeAll(async () => {
  site = await startSite(traces)
})
afterAll(() => site?.close())

const plot = (page: Page) => page.getByRole('application')
const tab = (page: Page, name: RegExp) => page.getByRole('tab', { name })

async function ask(path: string): Promise<unknown> {
  return (await fetch(`${site.hopscope.apiUrl}/api/v1/explore/${path}`)).json()
}

/** Drags over the plot, from and to in parts of its size. */
async function drag(
  page: Page,
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
): Promise<void> {
  const box = (await plot(page).boundingBox())!
  await page.mouse.move(box.x + box.width * x0, box.y + box.height * y0)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * x1, box.y + box.height * y1, { steps: 6 })
  await page.mouse.up()
  await loaded(page)
}

/** The middle of the first cell that has requests, px; it is pointed at by keys. */
async function cellWithRequests(page: Page): Promise<[number, number]> {
  await plot(page).focus()
  await page.keyboard.press('Home')
  const spoken = page.locator('p[aria-live]').last()
  for (let i = 0; i < 60 && !/, [1-9]\d* of/.test((await spoken.textContent())!); i++)
    await page.keyboard.press(i === 0 ? 'ArrowLeft' : 'ArrowRight')
  const { x, y, width, height } = (await page.locator('rect.cell').boundingBox())!
  return [x + width / 2, y + height / 2]
}

describe('box select -> explain', () => {
  it('ux 7: opens with the slowest above p90, and says what is different about them', async () => {
    const { page, context, complaints } = await site.open('/explore?measure=endToEnd')
    const found = Differences.parse(await ask('differences?measure=endToEnd'))
    await page.getByText('slowest tenth, ≥').first().waitFor()
    expect(await page.locator('.selection').textContent()).toContain(
      `vs ${found.baseline.n.toLocaleString('en').replace(',', '\u2009')} others`,
    )
    const [first] = found.keys
    const value = first!.values.find(({ selection, baseline }) => selection > baseline)!
    expect(await page.locator('.verdict').textContent()).toContain(`have ${first!.key} = ${value.value}`)
    const row = page
      .getByRole('row')
      .filter({ hasText: `${first!.key} =` })
      .first()
    expect(await row.textContent()).toContain(`${(100 * value.selection).toFixed(1)}\u202f%`)
    expect(await row.textContent()).toMatch(/×/)
    const [, others] = /others([\d.]+)/.exec((await row.textContent())!)!
    expect(Number(others)).toBeCloseTo(100 * value.baseline, 1)
    const bars = await row.locator('.bar').evaluateAll((each) => each.map((bar) => Number.parseFloat(bar.style.width)))
    expect(bars).toEqual([value.selection, value.baseline].map((share) => expect.closeTo(100 * share, 3) as number))
    // Every key once, the one that tells most beyond chance first.
    const keys = await page.locator('tbody tr:not(.more) .key').allTextContents()
    expect(keys).toEqual(found.keys.map(({ key }) => `${key} =`))
    const ranks = found.keys.map(({ divergence, byChance }) => divergence - byChance)
    expect(ranks).toEqual(ranks.toSorted((a, b) => b - a))
    await page.getByText('at most 5 % of what is listed is chance').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('ux 7: of a drag, the box, its counts and its differences are those that the API has', async () => {
    const { page, context } = await site.open('/explore?measure=transit')
    await drag(page, [0.5, 0.02], [0.9, 0.45])
    const query = await queryOf(page)
    expect([...query.keys()]).toEqual(expect.arrayContaining(['selFrom', 'selTo', 'selMinNs']))
    expect(query.get('selMaxNs')).toBeNull()
    const found = Differences.parse(
      await ask(
        `differences?measure=transit&${query.toString().replace(/&?v=2/, '')}`.replace(
          'measure=transit&measure',
          'measure',
        ),
      ),
    )
    await page.getByText(`${found.selected.n} vs`).waitFor()
    expect(found.selected.n).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Clear', exact: true }).last().click()
    await page.getByText('slowest tenth').first().waitFor()
    await context.close()
  })

  it('ux 7: rows filter to a value, exclude it, group by its key', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd')
    const row = page
      .getByRole('row')
      .filter({ has: page.getByRole('button', { name: /^Only / }) })
      .first()
    const words = (await row.getByRole('button', { name: /^Only / }).getAttribute('aria-label'))!.slice(5)
    await row.getByRole('button', { name: /^Only / }).click()
    await loaded(page)
    expect((await queryOf(page)).get('q')).toBe(words)
    await page
      .getByRole('search', { name: 'Filter' })
      .getByRole('button', { name: `Remove ${words}` })
      .waitFor()
    const { requests } = ExploreHeatmap.parse(await ask(`heatmap?measure=endToEnd&q=${encodeURIComponent(words)}`))
    expect(await page.locator('span.note.num').first().textContent()).toContain(
      `of ${requests.toLocaleString('en').replace(',', '\u2009')}`,
    )
    await page.goBack()
    await loaded(page)
    await page
      .getByRole('button', { name: `Without ${words}` })
      .first()
      .click()
    await loaded(page)
    expect((await queryOf(page)).get('q')).toBe(words.replace(' = ', ' != '))
    await page.goBack()
    await loaded(page)
    await page
      .getByRole('button', { name: `Group by ${words.split(' = ')[0]}`, exact: true })
      .first()
      .click()
    await loaded(page)
    expect((await queryOf(page)).get('by')).toBe(words.split(' = ')[0])
    await tab(page, /^By /).waitFor()
    await context.close()
  })

  it('ranks by extra time too, with pairs, and the choice is in the URL', async () => {
    const { page, context } = await site.open('/explore?measure=transit')
    await page.getByRole('radio', { name: 'Where its extra time is' }).check()
    await loaded(page)
    expect((await queryOf(page)).get('rank')).toBe('time')
    const { extraTime } = Differences.parse(await ask('differences?measure=transit'))
    const row = page.getByRole('row').nth(1)
    for (const { key, value } of extraTime[0]!.terms)
      expect(await row.textContent()).toContain(`${key} = ${value}`.trim())
    expect(await row.textContent()).toContain(`${Math.round(100 * extraTime[0]!.explained)}\u202f%`)
    expect(await axe(page)).toEqual([])
    await context.close()
  })

  it('of too few says so instead of guessing', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd&selMinNs=99000000000000')
    await page.getByText('0 selected: fewer than 30 are not compared.').waitFor()
    await page.getByRole('button', { name: 'Select the slowest tenth' }).click()
    await page.getByText('slowest tenth').first().waitFor()
    await context.close()
  })
})

describe('the URL is the state', () => {
  it('ux 1: filter, measure, level, group, box, view and rank are there in a second browser; Back undoes each', async () => {
    const address = `/explore?measure=transit&q=${encodeURIComponent('kind = internal, entry')}&by=callee&tab=groups&selMinNs=2000000&v=2`
    const one = await site.open(address)
    const two = await site.open(address)
    for (const { page } of [one, two]) {
      expect(await tab(page, /^By callee/).getAttribute('aria-selected')).toBe('true')
      await page.getByRole('button', { name: 'Remove kind = internal, entry' }).waitFor()
      await page
        .getByText(/≥ 2\.00/)
        .first()
        .waitFor()
      expect(await page.getByLabel('measure').inputValue()).toBe('transit')
    }
    const texts = await Promise.all([one, two].map(({ page }) => page.locator('tbody').first().textContent()))
    expect(texts[0]).toBe(texts[1])
    const { page } = one
    await tab(page, /^Hops/).click()
    await loaded(page)
    await page.getByLabel('measure').selectOption('wire')
    await loaded(page)
    await page.goBack()
    await loaded(page)
    expect(await page.getByLabel('measure').inputValue()).toBe('transit')
    await page.goBack()
    await loaded(page)
    expect(await tab(page, /^By callee/).getAttribute('aria-selected')).toBe('true')
    await Promise.all([one.context.close(), two.context.close()])
  })
})

describe('brush to zoom and the heatmap', () => {
  it('ux 4: zooms to the time of the box, Esc goes back; its values can become part of the filter', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd')
    await drag(page, [0.4, 0.02], [0.8, 0.5])
    const [from, to] = [(await queryOf(page)).get('selFrom'), (await queryOf(page)).get('selTo')]
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await loaded(page)
    expect([(await queryOf(page)).get('from'), (await queryOf(page)).get('to')]).toEqual([from, to])
    await page.getByRole('button', { name: 'Filter to it' }).click()
    await loaded(page)
    expect((await queryOf(page)).get('q')).toMatch(/^took >= [\d.]+(ms|µs|s)$/)
    expect((await queryOf(page)).get('selMinNs')).toBeNull()
    await page.keyboard.press('Escape')
    await loaded(page)
    expect((await queryOf(page)).get('from')).toBeNull()
    // So does a double click, also on a cell that one click opens.
    await drag(page, [0.4, 0.02], [0.8, 0.9])
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await loaded(page)
    expect((await queryOf(page)).get('from')).not.toBeNull()
    let opened = 0
    page.on('request', (request) => (opened += Number(request.url().includes('/explore/requests?'))))
    await page.mouse.dblclick(...(await cellWithRequests(page)))
    await expect.poll(async () => (await queryOf(page)).get('from')).toBeNull()
    await loaded(page)
    expect(opened).toBe(0)
    await context.close()
  })

  it('ux 6: of any measure and level has its counts, in the legend and as a table; lines can be switched off', async () => {
    const { page, context } = await site.open('/explore')
    const { levels } = ExploreHeatmap.parse(await ask('heatmap'))
    expect(levels.length).toBeGreaterThan(1)
    await page.getByText(levels[1]!.fidelity, { exact: false }).first().click()
    await page.waitForURL(/level=/)
    await loaded(page)
    expect((await queryOf(page)).get('level')).toBe(levels[1]!.fidelity)
    await page.locator('span.note.num', { hasText: new RegExp(`^\\s*${levels[1]!.n} of`) }).waitFor()
    // Of the cells that are drawn, several of the API's lattice in one.
    const { counts } = ExploreHeatmap.parse(await ask(`heatmap?fidelity=${levels[1]!.fidelity}`))
    const legend = /(\d+)\D+(\d+)\D*requests per cell/.exec((await page.locator('.legend').first().textContent())!)!
    expect(Number(legend[1])).toBe(1)
    expect(Number(legend[2])).toBeGreaterThanOrEqual(Math.max(...counts.flat()))
    // As far from 1 to 10 as from 10 to 100; where nothing is, nothing is painted.
    const ticks = await page.evaluate<[number, number][]>(`[...document.querySelectorAll('svg text[x="-8"]')]
      .map((text) => [Number.parseFloat(text.textContent), Number(text.getAttribute('y'))]).filter(([value]) => value > 0)`)
    const decades = ticks.slice(1).map(([value, y], i) => Math.log10(value / ticks[i]![0]) / (y - ticks[i]![1]))
    expect(decades.length).toBeGreaterThan(0)
    for (const each of decades) expect(each / decades[0]!).toBeCloseTo(1, 1)
    const painted = await page.evaluate<[number, number]>(`(() => {
      const canvas = document.querySelector('[role="application"] canvas, main canvas')
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      const colours = new Map()
      for (let i = 0; i < data.length; i += 4) colours.set(data[i + 3] === 0 ? '' : data.slice(i, i + 3).join(), (colours.get(data[i + 3] === 0 ? '' : data.slice(i, i + 3).join()) ?? 0) + 1)
      const all = data.length / 4
      return [(colours.get('') ?? 0) / all, colours.size]
    })()`)
    expect(painted[0]).toBeGreaterThan(0.2)
    expect(painted[1]).toBeGreaterThan(3)
    expect(await page.locator('.over path').count()).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Percentiles' }).click()
    expect(await page.locator('.over path').count()).toBe(0)
    await page.getByRole('button', { name: 'Show as table' }).click()
    await page.getByRole('region', { name: 'Added time, as a table' }).waitFor()
    expect(await axe(page)).toEqual([])
    await context.close()
  })
})

describe('exemplars', () => {
  it('ux 9: a click opens a request whose value lies at or just below the point', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd')
    const [slowest] = ExploreRequestList.parse(await ask('requests?measure=endToEnd&limit=1')).items
    const at = await cellWithRequests(page)
    const said = (await page.locator('p[aria-live]').last().textContent())!
    expect(said).toMatch(/, [1-9]\d* of/)
    await page.mouse.click(...at)
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/)
    const id = /traces\/([0-9a-f]{32})/.exec(page.url())![1]
    const trace = (await (await fetch(`${site.hopscope.apiUrl}/api/v1/traces/${id}`)).json()) as { durationNs: number }
    expect(trace.durationNs).toBeLessThanOrEqual(slowest!.ns)
    const [lo, hi] = said.split(', ').slice(1, 2)[0]!.split(' to ')
    const ns = (text: string) =>
      Number.parseFloat(text.replace(/\u2009/g, '')) * { µs: 1e3, ms: 1e6, s: 1e9 }[/(µs|ms|s)/.exec(text)![1] as 'ms']
    expect(trace.durationNs).toBeGreaterThan(ns(lo!) * 0.98)
    expect(trace.durationNs).toBeLessThan(ns(hi!) * 1.02)
    await context.close()
  })

  it('the list leads from each request to its span', async () => {
    const { page, context } = await site.open('/explore?tab=requests')
    const { items } = ExploreRequestList.parse(await ask('requests?limit=2'))
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL(new RegExp(`/traces/${items[0]!.traceId}\\?.*span=${items[0]!.spanId}`))
    await context.close()
  })
})

describe('the percentile of a group', () => {
  it('ux 8: is not shown of too few, but how many it needs', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd&by=route&tab=groups')
    const { items } = GroupList.parse(await ask('groups?measure=endToEnd&by=route'))
    const few = items.find(({ requests }) => requests < 200)!
    const row = page.getByRole('row').filter({ hasText: few.value }).first()
    expect(await row.textContent()).toContain('n < 200')
    expect(await page.locator('tbody tr').count()).toBe(items.length)
    await context.close()
  })
})

describe('the filter, by keyboard alone', () => {
  it('ux 16: completes fields and values from what there is, changes and removes conditions', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd')
    await page.keyboard.press('/')
    await page.keyboard.type('outcome')
    const options = page.getByRole('listbox', { name: 'What it can be' }).getByRole('option')
    await options.filter({ hasText: 'outcome' }).first().waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await options.filter({ hasText: 'error' }).first().waitFor()
    await page.keyboard.type('err')
    await expect.poll(() => options.count()).toBe(1)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL(/q=outcome/)
    await loaded(page)
    expect((await queryOf(page)).get('q')).toBe('outcome = error')
    await page.keyboard.press('Backspace')
    await page.waitForURL((url) => !url.searchParams.has('q'))
    const field = page.getByRole('combobox', { name: 'Add a condition' })
    expect(await field.inputValue()).toBe('outcome = error')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    expect(await page.evaluate('document.activeElement.tagName')).toBe('BODY')
    await page.keyboard.press('v')
    await loaded(page)
    expect((await queryOf(page)).get('tab')).toBe('requests')
    await context.close()
  })

  it('says what is wrong with a filter, and where; the rest of the page lives', async () => {
    const { page, context } = await site.open('/explore?q=' + encodeURIComponent('route = /a and colour = red'))
    await page.getByText('there is no field “colour”').waitFor()
    expect(await page.locator('.chip.wrong').textContent()).toContain('colour')
    await page.getByRole('button', { name: 'Clear the filter' }).click()
    await plot(page).waitFor()
    const field = page.getByRole('combobox', { name: 'Add a condition' })
    await field.fill('route = "/a')
    await page.keyboard.press('Enter')
    await page.getByText('this quotation mark is not closed').waitFor()
    expect(await page.locator('mark').textContent()).toBe('"')
    expect(await field.inputValue()).toBe('route = "/a')
    expect(await axe(page)).toEqual([])
    await context.close()
  })

  it('marks a box by keys', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd')
    await plot(page).focus()
    await page.keyboard.press('End')
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowLeft')
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowUp')
    await page.keyboard.press('Enter')
    await loaded(page)
    expect(Number((await queryOf(page)).get('selTo')) - Number((await queryOf(page)).get('selFrom'))).toBe(5 * 60_000)
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('Escape')
    await page.waitForURL((url) => !url.searchParams.has('selFrom'))
    await context.close()
  })
})

describe('attributes of spans', () => {
  it('are filtered, grouped and compared by; huge values are cut and nothing breaks', async () => {
    const huge = 'x'.repeat(5_000)
    const nowMs = Date.now()
    const spans = Array.from({ length: 120 }, (_, i) => ({
      ...{
        traceId: i.toString(16).padStart(32, 'c'),
        spanId: i.toString(16).padStart(16, 'd'),
        kind: 2,
        name: 'GET /huge',
      },
      startTimeUnixNano: `${nowMs - 60_000 + i}000000`,
      endTimeUnixNano: `${nowMs - 60_000 + i + (i % 2 === 0 ? 900 : 5)}000000`,
      attributes: [
        { key: 'component', value: { stringValue: i % 2 === 0 ? huge : 'plain' } },
        { key: 'protocol', value: { stringValue: i % 2 === 0 ? '<b>http/1.1</b>' : 'h2' } },
      ],
    }))
    await send(site.hopscope, {
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'huge' } }] },
          scopeSpans: [{ spans }],
        },
      ],
    })
    await settled(site.hopscope, traces + spans.length)
    const q = encodeURIComponent('root = huge')
    const found = Differences.parse(await ask(`differences?measure=endToEnd&q=${q}&selMinNs=100000000`))
    expect(found.selected.n).toBe(60)
    const protocol = found.keys.find(({ key, implies }) => [key, ...implies].includes('span.protocol'))!
    expect(protocol.values[0]).toMatchObject({ selection: 1, baseline: 0 })
    const all = found.keys.flatMap(({ values }) => values)
    expect(all.every(({ value }) => value.length <= 256)).toBe(true)
    const only = ExploreHeatmap.parse(
      await ask(`heatmap?measure=endToEnd&q=${q}%20span.protocol%20%3D%20%22%3Cb%3Ehttp%2F1.1%3C%2Fb%3E%22`),
    )
    expect(only.requests).toBe(60)
    const { page, context, complaints } = await site.open(
      `/explore?measure=endToEnd&q=${q}&selMinNs=100000000&by=span.protocol&tab=groups`,
    )
    await page.getByText('<b>http/1.1</b>').first().waitFor()
    await tab(page, /^Differences/).click()
    await loaded(page)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1440)
    expect(await page.locator('tbody b b').count()).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('live tail', () => {
  it('ux 26: shows what settles, holds still under the pointer with a count of what waits, and counts what the limit held back', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd&tab=live')
    await page.getByText('LIVE', { exact: true }).waitFor()
    const burst = (from: string) => {
      const startMs = Date.now() - 1_000
      const spans = Array.from({ length: 60 }, (_, i) => ({
        ...{
          traceId: `${from}${i.toString(16)}`.padStart(32, 'e'),
          spanId: `${from}${i.toString(16)}`.padStart(16, 'f'),
          kind: 2,
          name: `GET /${from}`,
        },
        ...{ startTimeUnixNano: `${startMs + i}000000`, endTimeUnixNano: `${startMs + i + 3}000000` },
      }))
      return send(site.hopscope, {
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'burst' } }] },
            scopeSpans: [{ spans }],
          },
        ],
      })
    }
    // All in one answer, of which the limit lets only some through.
    let letGo = () => {}
    const held = new Promise<void>((resolve) => (letGo = resolve))
    await page.route('**/api/v1/explore/live*', (route) => held.then(() => route.continue()))
    const before = await analysed(site.hopscope)
    await burst('aa')
    await settled(site.hopscope, before + 60)
    letGo()
    await page.getByRole('region', { name: 'Live tail' }).getByText('GET /aa').first().waitFor()
    // Both of one moment.
    const now = async () => {
      const [counts, shown] = await page.evaluate<[string, number]>(
        `[document.querySelector('.counts').textContent, document.querySelectorAll('.rows tbody tr').length]`,
      )
      return ['settled', 'held back', 'let go']
        .map((what) => Number(new RegExp(`(\\d+) ${what}`).exec(counts)![1]))
        .concat(shown)
    }
    await expect.poll(async () => (await now())[0]).toBeGreaterThanOrEqual(60)
    const [arrived, heldBack, dropped, shown] = await now()
    expect(shown).toBeLessThanOrEqual(mostRows)
    expect(heldBack).toBeGreaterThanOrEqual(40)
    expect(arrived! - heldBack! - dropped!).toBe(shown)
    await page.locator('.rows tbody tr').first().hover()
    await page.getByText('PAUSED', { exact: true }).waitFor()
    await burst('bb')
    const waiting = page.getByRole('button', { name: /new ones? waiting/ })
    await waiting.waitFor()
    const [, buffered] = /^(\d+) new/.exec((await waiting.innerText()).trim())!
    expect(Number(buffered)).toBeGreaterThan(1)
    expect(await page.locator('.rows tbody tr').count()).toBe(shown)
    await page.getByRole('tab', { name: 'Live tail' }).hover()
    const list = page.getByRole('region', { name: 'Live tail' })
    await list.getByText('GET /bb').first().waitFor()
    expect(await axe(page)).toEqual([])
    // Who reads further down is not interrupted either.
    await page.getByText('LIVE', { exact: true }).waitFor()
    await list.evaluate((node) => node.scrollTo({ top: 200 }))
    await page.getByText('PAUSED', { exact: true }).waitFor()
    await list.evaluate((node) => node.scrollTo({ top: 0 }))
    await page.getByText('LIVE', { exact: true }).waitFor()
    await page.route('**/api/v1/explore/live*', (route) => route.abort())
    await page.getByText(/RECONNECTING: No answer from hopscope/).waitFor()
    await page.unroute('**/api/v1/explore/live*')
    await page.getByText('LIVE', { exact: true }).waitFor()
    await context.close()
  })
})

describe('empty, loading and failing, copy and export', () => {
  it('ux 23: nothing in the range leads to where there is data; nothing through the filter leads out of it', async () => {
    const { page, context } = await site.open('/explore?from=2020-01-01&to=2020-01-02')
    await page.getByRole('link', { name: /^Go to last data/ }).waitFor()
    await page.goto('/explore?q=' + encodeURIComponent('route = /nobody-has-it'))
    await page.getByText('The filter lets no traversal of this range through.').waitFor()
    await page.getByRole('button', { name: 'Clear the filter' }).click()
    await plot(page).waitFor()
    await context.close()
  })

  it('ux 25: a panel that fails says so in place, and recovers by a retry', async () => {
    const { page, context } = await site.open('/data')
    await page.route('**/api/v1/explore/differences*', (route) => route.abort())
    await pressSequence(page, 'g', 'x')
    await page.getByRole('alert').getByText('No answer from hopscope').waitFor()
    await plot(page).waitFor()
    await page.unroute('**/api/v1/explore/differences*')
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('keys compared').waitFor()
    await context.close()
  })

  it('ux 22: saves what differs as CSV, with the query and units', async () => {
    const { page, context } = await site.open('/explore?measure=endToEnd')
    await page.getByRole('button', { name: 'Copy', exact: true }).click()
    expect(await page.getByRole('menuitem', { name: 'Save extra time as CSV' }).count()).toBe(1)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Save what differs as CSV' }).click(),
    ])
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    expect(text).toMatch(/^# http.*\/explore\/differences\?/)
    expect(text).toContain('key,value,selection share')
    await context.close()
  })
})

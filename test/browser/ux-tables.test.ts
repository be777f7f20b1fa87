import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quantileName, quantiles, valuesNeeded } from '../../web/src/format/figure.ts'
import type { HopItem, HopList, ProxyDetail, ProxyList } from '../../server/api/contract-measurements.ts'
import type { TraceList } from '../../server/api/contract-catalogue.ts'
import { addressOf, axe, loaded, startSite, themes, type Site } from './browser.ts'

/** Percentiles, columns and what can be taken along, over recorded traffic; numbers in names are those of behaviours. */
let site: Site
let hops: readonly HopItem[]
beforeAll(async () => {
  site = await startSite(600)
  hops = (await get<HopList>('/hops')).items
}, 300_000)
afterAll(() => site?.close())

const get = async <T>(path: string) => (await (await fetch(`${site.hopscope.apiUrl}/api/v1${path}`)).json()) as T
const heads = (page: Page) => page.locator('thead th').allInnerTexts()
const command = async (page: Page, menu: string, name: string | RegExp) => {
  await page.getByRole('button', { name: menu, exact: true }).click()
  await page
    .getByRole('menu', { name: menu })
    .getByRole(/^Column/.test(String(name)) ? 'menuitemcheckbox' : 'menuitem', { name })
    .click()
}
/** ns as a cell of a unit is read back, to the last digit that is printed. */
const isPrinted = (text: string, ns: number, unit: string) => {
  const digits = text.replaceAll(/[^\d.]/g, '')
  const shown = Number(digits) * ({ µs: 1e3, ms: 1e6, s: 1e9 }[unit] ?? Number.NaN)
  const step = 10 ** -(digits.split('.')[1]?.length ?? 0) * ({ µs: 1e3, ms: 1e6, s: 1e9 }[unit] ?? 0)
  return Math.abs(shown - ns) <= step
}

describe('the percentile', () => {
  it('ux 8: each of eight is a column of the list with the figures of the API, or with how many requests it needs', async () => {
    const { page, context } = await site.open('/hops')
    for (const quantile of quantiles) {
      await page.getByLabel('percentile').selectOption(quantile)
      await page.waitForURL(new RegExp(`[?&]p=${quantile}`))
      const head = page.getByRole('columnheader', {
        name: new RegExp(`^transit ${quantileName(quantile).replace('.', '\\.')} `),
      })
      await head.waitFor()
      const unit = /(µs|ms|s)/.exec((await head.innerText()).split(quantileName(quantile))[1]!)![1]!
      const column = (await heads(page)).findIndex((text) => text.startsWith(`transit ${quantileName(quantile)} `))
      for (const hop of hops.slice(0, 4)) {
        const link = page.locator(`a[href^="/hops/${hop.id}"]`)
        const cell = page.getByRole('row').filter({ has: link }).getByRole('cell').nth(column)
        const ns = hop.transit[`${quantile}Ns`]
        const text = (await cell.innerText()).trim()
        if (ns !== null) expect([quantile, text, isPrinted(text, ns, unit)]).toEqual([quantile, text, true])
        else if (hop.transit.n < valuesNeeded[quantile])
          expect(text.replaceAll(/\s/g, '')).toBe(`n<${valuesNeeded[quantile]}`)
        else expect(text).toMatch(/known|unknown/)
      }
      // A mean is never alone.
      expect((await heads(page)).some((text) => text.startsWith('transit p50'))).toBe(true)
    }
    const [p999] = await page.getByRole('option', { name: /^p99\.9/ }).allInnerTexts()
    expect(p999!.replaceAll(/\s/g, '')).toBe('p99.9(n<20000)')
    await context.close()
  })

  it.each(themes)(
    'ux 8: goes along from the list to a proxy, a hop, the overview and the map, in %s',
    async (theme) => {
      const { items } = await get<ProxyList>('/proxies')
      const busy = items.toSorted((a, b) => (b.added[0]?.n ?? 0) - (a.added[0]?.n ?? 0))[0]!
      const { page, context, complaints } = await site.open('/hops?show=proxies&p=p90&v=1', { theme })
      await page.getByRole('link', { name: busy.name, exact: true }).first().click()
      await page.waitForURL(/\/proxies\/.*p=p90/)
      await loaded(page)
      const shown = await get<ProxyDetail>((await addressOf(page)).pathname)
      const ns = shown.added[0]!.p90Ns
      const hero = page.locator('.strip .hero')
      const said = (await hero.innerText()).trim()
      if (ns !== null) expect(isPrinted(said.split(/µs|ms/)[0]!, ns, /(µs|ms|s)\b/.exec(said)![1]!)).toBe(true)
      await page.getByRole('columnheader', { name: /^p90/ }).first().waitFor()
      await page.getByRole('application').waitFor()
      expect(await axe(page)).toEqual([])
      for (const [name, what] of [
        ['Overview', 'Overview'],
        ['Map', 'Map'],
      ] as const) {
        await page.getByRole('navigation', { name: 'Screens', exact: true }).getByRole('link', { name }).click()
        await page.waitForURL(/p=p90/)
        await page.getByRole('heading', { level: 1, name: what }).waitFor({ state: 'attached' })
        await loaded(page)
        expect(await page.getByLabel('percentile').inputValue()).toBe('p90')
      }
      await page.getByLabel('percentile').selectOption('mean')
      await page.locator('.median').first().waitFor()
      expect(complaints).toEqual([])
      await context.close()
    },
  )
})

describe('tables', () => {
  it('ux 20: a column shares a unit, the exact value is in the title, and a copy is the raw number', async () => {
    const { page, context } = await site.open('/hops?p=p50&v=1')
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const hop = hops.find(({ transit }) => transit.p50Ns !== null)!
    const row = page.getByRole('row').filter({ has: page.locator(`a[href^="/hops/${hop.id}"]`) })
    const value = row.locator('.value').first()
    expect(await page.locator('tbody .unit').count()).toBe(0)
    expect(
      (await heads(page)).filter((head) => /^transit p/.test(head)).every((head) => / (µs|ms|s)\b/.test(head)),
    ).toBe(true)
    const digits = (await value.getAttribute('title'))!.replaceAll(/[\u2009\u202f]/g, '')
    expect(digits).toContain(`(${hop.transit.p50Ns}ns)`)
    const look = await row
      .locator('.number')
      .evaluateAll((each) =>
        each.map((node) => node.ownerDocument.defaultView!.getComputedStyle(node).fontVariantNumeric),
      )
    expect(new Set(look)).toEqual(new Set(['tabular-nums']))
    await value.locator('.number').selectText()
    await page.keyboard.press('Control+c')
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(String(hop.transit.p50Ns))
    await context.close()
  })

  it('ux 21: a cell is copied by keys and by pointer; without leave to the clipboard it stands selected', async () => {
    const { page, context } = await site.open('/hops?p=p50&sort=-requests&v=1')
    const [first] = hops.toSorted((a, b) => b.requests - a.requests)
    const at = (await heads(page)).findIndex((head) => head.startsWith('requests'))
    await page.keyboard.press('Y')
    await page.getByText('Arrow keys choose a value').waitFor()
    for (let i = 0; i < at; i++) await page.keyboard.press('ArrowRight')
    await page.locator('td[data-picked]').filter({ hasText: /\d/ }).waitFor()
    await page.keyboard.press('Enter')
    const field = page.getByLabel('Text to copy')
    await page.getByText(`“${first!.requests}” selected: press Ctrl+C`).waitFor()
    expect(await field.inputValue()).toBe(String(first!.requests))
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.keyboard.press('Escape')
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('Y')
    await page.locator('[data-picked]').waitFor()
    await page.locator('tbody tr').first().locator('.value').first().click()
    const p50 = String(first!.transit.p50Ns)
    await page.getByText(`“${p50}” copied`).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(p50)
    // Esc leaves everything as it was.
    await page.keyboard.press('Y')
    await page.locator('[data-picked]').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('[data-picked]').waitFor({ state: 'detached' })
    expect((await addressOf(page)).pathname).toBe('/hops')
    await context.close()
  })

  it('ux 22: of hops, proxies and traces are saved as CSV and JSON, with units and the query', async () => {
    const { page, context } = await site.open('/hops')
    const save = async (name: string) => {
      const [file] = await Promise.all([page.waitForEvent('download'), command(page, 'Copy', name)])
      return { name: file.suggestedFilename(), text: (await readFile(await file.path())).toString() }
    }
    const csv = await save('Save hops as CSV')
    expect(csv.name).toBe('hops.csv')
    const [comment, head, ...lines] = csv.text.trim().split('\r\n')
    expect(comment).toMatch(/^# http.*\/api\/v1\/hops/)
    expect(head).toContain('p50 ns,p75 ns,p90 ns,p95 ns,p99 ns,p99.9 ns,max ns,mean ns')
    expect(lines.map((line) => line.split(',')[0])).toEqual(hops.map(({ id }) => id))
    const json = JSON.parse((await save('Save hops as JSON')).text) as { rows: Record<string, unknown>[] }
    expect(json.rows.map((row) => row['p50 ns'])).toEqual(hops.map(({ transit }) => transit.p50Ns))
    await page.goto('/hops?show=proxies&v=1')
    await loaded(page)
    expect((await save('Save proxies as CSV')).text).toContain('level of added time,n,p50 ns')
    await page.goto('/traces')
    await loaded(page)
    const traces = (await save('Save traces as CSV')).text.trim().split('\r\n')
    const { items } = await get<TraceList>('/traces')
    expect(traces.length - 2).toBe(items.length)
    expect(traces[1]).toMatch(/^trace id,start unix ns,duration ns,/)
    await page.goto('/map')
    await loaded(page)
    const [png] = await Promise.all([page.waitForEvent('download'), command(page, 'Copy', /^Save picture of map/)])
    const bytes = await readFile(await png.path())
    expect(bytes.subarray(1, 4).toString()).toBe('PNG')
    expect(bytes.readUInt32BE(16)).toBeGreaterThan(1_600)
    await context.close()
  })

  it('ux 21, ux 22: the menu of every screen has its link, its call of the API, its tables and its pictures', async () => {
    const { page, context } = await site.open('/')
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const [{ items: proxies }, { items: traces }] = await Promise.all([
      get<ProxyList>('/proxies'),
      get<TraceList>('/traces?limit=1'),
    ])
    const proxy = proxies.toSorted((a, b) => b.requests - a.requests)[0]!
    const save = async (name: string | RegExp) => {
      const [file] = await Promise.all([page.waitForEvent('download'), command(page, 'Copy', name)])
      return readFile(await file.path())
    }
    const copied = async (name: RegExp) => {
      await command(page, 'Copy', name)
      await page.getByText(/^(Curl command of .*|SQL) copied$/).waitFor()
      return String(await page.evaluate('navigator.clipboard.readText()'))
    }
    const sides = `a=${encodeURIComponent(`proxy = ${proxy.id}`)}&b=${encodeURIComponent(`callee = ${proxy.workload}`)}`
    for (const [path, tables, pictures] of [
      ['/', ['time by who spends it', 'added time by proxy', 'transit by hop'], ['over time']],
      ['/map', ['hops of the map'], ['map']],
      ['/hops', ['hops'], []],
      ['/explore?tab=requests', ['what differs', 'requests'], ['added time']],
      ['/traces', ['traces'], []],
      ['/data', ['senders', 'exporters', 'errors by proxy'], []],
      [`/compare?${sides}&measure=added`, ['added by quantile'], ['b less a at each quantile']],
      [
        `/proxies/${proxy.id}`,
        ['figures', 'parts of the added time', 'hops through it', 'added time by route'],
        ['added time'],
      ],
      [`/traces/${traces[0]!.traceId}`, ['spans', 'hops', 'proxies'], ['waterfall']],
    ] as const) {
      await page.goto(path)
      await loaded(page)
      const offers = page.locator('[role="menu"][aria-label="Copy"] [role="menuitem"]')
      const offered = (await offers.allTextContents()).map((text) => text.replaceAll(/\s+/g, ' ').trim())
      const wanted = [
        ...['CSV', 'JSON'].flatMap((as) => tables.map((name) => `Save ${name} as ${as}`)),
        ...pictures.map((name) => `Save picture of ${name} PNG`),
        'Copy link y',
      ]
      expect([path, ...wanted.filter((each) => !offered.includes(each))]).toEqual([path])
      expect(offered.some((each) => each.endsWith(' curl'))).toBe(true)
      if (path.startsWith('/compare')) {
        const [, address, body] = /^curl '(.*?)' -H 'content-type: application\/json' -d '(.*)'$/.exec(
          await copied(/^Copy comparison curl/),
        )!
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(address!, { method: 'POST', headers, body: body! })
        expect(await answer.json()).toHaveProperty('a.n')
      }
      if (path === '/hops') {
        const answer = await fetch(`${site.hopscope.engineUrl}/?database=hopscope&default_format=JSONCompactEachRow`, {
          method: 'POST',
          body: await copied(/^Copy figures SQL/),
        })
        const [id, , n] = JSON.parse((await answer.text()).split('\n')[0]!) as [string, string, number]
        expect(Number(n)).toBeGreaterThan(0.9 * hops.find((hop) => hop.id === id)!.transit.n)
      }
      if (path.startsWith('/proxies')) {
        const [query, head, first] = String(await save('Save parts of the added time as CSV')).split('\r\n')
        expect(query).toContain(`# ${site.hopscope.apiUrl}/proxies/`)
        expect(head).toMatch(/^part,n,p50 ns,p50 level,/)
        expect(first!.split(',')[2]).toBe(String(proxy.added[0]!.p50Ns))
        const [, , figures] = String(await save('Save figures as CSV')).split('\r\n')
        const { fidelity, n, p50Ns } = proxy.added[0]!
        expect(figures!.split(',').slice(0, 4)).toEqual(['added time', fidelity, String(n), String(p50Ns)])
      }
      if (path.includes('/traces/'))
        expect((await save(/^Save picture of waterfall/)).subarray(1, 4).toString()).toBe('PNG')
    }
    await context.close()
  })

  it('ux 31: columns, rows and widths are chosen a screen, are there at the next visit, and a command forgets them', async () => {
    const { page, context } = await site.open('/hops')
    const before = await heads(page)
    const height = async () => (await page.locator('tbody tr').first().boundingBox())!.height
    const roomy = await height()
    await page.getByRole('button', { name: 'Layout', exact: true }).click()
    const menu = page.getByRole('menu', { name: 'Layout' })
    await menu.getByRole('menuitemcheckbox', { name: 'Column: errors' }).click()
    await menu.getByRole('menuitemcheckbox', { name: 'Column: coverage' }).click()
    expect(await axe(page)).toEqual([])
    await menu.getByRole('menuitemradio', { name: 'Rows: compact' }).click()
    const after = await heads(page)
    expect(after).not.toContain('errors')
    expect(after).toContain('coverage')
    expect(await height()).toBeLessThan(roomy)
    await page.reload()
    await loaded(page)
    expect(await heads(page)).toEqual(after)
    expect(await height()).toBeLessThan(roomy)
    // Of this screen only.
    await page.goto('/traces')
    await loaded(page)
    expect(await page.locator('[data-rows="compact"]').count()).toBe(0)
    await page.goto('/hops')
    await loaded(page)
    await command(page, 'Layout', 'Reset the layout of this screen')
    await expect.poll(() => heads(page)).toEqual(before)
    expect(await height()).toBe(roomy)
    // A panel, by keys and by dragging.
    await page.goto('/')
    await loaded(page)
    const edge = page.getByRole('separator', { name: 'Width of the rankings' })
    const width = async () => Number(await edge.getAttribute('aria-valuenow'))
    const usual = await width()
    await edge.press('ArrowLeft')
    await expect.poll(width).toBeGreaterThan(usual)
    const box = (await edge.boundingBox())!
    await page.mouse.move(box.x + 4, box.y + 200)
    await page.mouse.down()
    await page.mouse.move(box.x + 4 - 80, box.y + 200, { steps: 3 })
    await page.mouse.up()
    const dragged = await width()
    expect(dragged).toBeGreaterThan(usual + 80)
    await page.reload()
    await loaded(page)
    await expect.poll(width).toBe(dragged)
    await edge.dblclick({ position: { x: 4, y: 200 } })
    await expect.poll(width).toBe(usual)
    await edge.press('ArrowLeft')
    await expect.poll(width).toBeGreaterThan(usual)
    await command(page, 'Layout', 'Reset the layout of this screen')
    await expect.poll(width).toBe(usual)
    await context.close()
  })
})

it('ux 16: Jaeger’s keys can be chosen on the sheet, which then shows them, and are there at the next visit', async () => {
  const { items } = await get<TraceList>('/traces?limit=50')
  const trace = items.toSorted((a, b) => b.spanCount - a.spanCount)[0]!
  const { page, context } = await site.open(`/traces/${trace.traceId}`)
  const active = () => page.locator('[role="row"][tabindex="0"]').getAttribute('aria-rowindex')
  const zoomed = page.getByRole('button', { name: 'Whole trace (0)' })
  const first = await active()
  await page.keyboard.press('f')
  expect(await active()).toBe(first)
  await page.keyboard.press('?')
  const sheet = page.getByRole('dialog', { name: 'Keyboard' })
  await sheet.getByRole('radio', { name: 'Jaeger' }).check()
  const keysOf = (words: string) =>
    sheet
      .locator('dl div')
      .filter({ has: page.locator('dd', { hasText: new RegExp(`^${words}$`) }) })
      .locator('kbd')
      .allInnerTexts()
  expect(await keysOf('Next row')).toEqual(['f'])
  expect(await keysOf('Later')).toEqual(['d', '→'])
  expect(await axe(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.reload()
  await loaded(page)
  await page.keyboard.press('f')
  await expect.poll(active).not.toBe(first)
  await page.keyboard.press('ArrowUp')
  await zoomed.waitFor()
  await page.keyboard.press('0')
  await zoomed.waitFor({ state: 'detached' })
  const open = page.locator('[data-at]')
  const rows = await open.count()
  await page.keyboard.press('p')
  await expect.poll(() => open.count()).toBeLessThan(rows)
  const closed = await open.count()
  await page.keyboard.press('o')
  await expect.poll(() => open.count()).toBeGreaterThan(closed)
  await page.keyboard.press('Control+b')
  expect(await page.evaluate('document.activeElement.tagName')).toBe('INPUT')
  await context.close()
})

it('ux 25: a query that ClickHouse refuses is told with its code and id, and the page recovers', async () => {
  const { page, context } = await site.open('/traces')
  const rename = async (from: string, to: string) => {
    const answer = await fetch(`${site.hopscope.engineUrl}/?database=hopscope`, {
      method: 'POST',
      body: `RENAME TABLE ${from} TO ${to}`,
    })
    expect(await answer.text()).toBe('')
  }
  await rename('traces', 'traces_away')
  try {
    await page.keyboard.press('r')
    const alert = page.getByRole('alert')
    await alert.getByText('ClickHouse answered UNKNOWN_TABLE (code 60)').waitFor()
    const id = alert.getByText('ClickHouse query id')
    expect(await id.isVisible()).toBe(false)
    await alert.getByText('Details').click()
    expect(await id.isVisible()).toBe(true)
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(3)
  } finally {
    await rename('traces_away', 'traces')
  }
  await page.getByRole('button', { name: 'Retry' }).click()
  await page.getByRole('alert').waitFor({ state: 'detached' })
  await context.close()
})

it('ux 25: the id in a failed panel is that of the query that failed, whichever of several of its request it was', async () => {
  const { page, context } = await site.open('/alerts')
  const sql = async (body: string) =>
    (await (await fetch(`${site.hopscope.engineUrl}/?database=hopscope`, { method: 'POST', body })).text()).trim()
  const where = `query LIKE '%FROM traces%' AND query NOT LIKE '%processes%' AND query_id LIKE 'hopscope-api-%'`
  // Of a list that would take minutes.
  await sql('RENAME TABLE traces TO traces_away')
  await sql('CREATE VIEW traces AS SELECT t.* FROM numbers(100000000000) AS n CROSS JOIN traces_away AS t')
  try {
    await page.goto('/explore?measure=endToEnd&tab=requests&selMinNs=1', { waitUntil: 'commit' })
    const asked = new Set<string>()
    const alert = page.getByRole('alert').first()
    await expect
      .poll(
        async () => {
          for (const id of (await sql(`SELECT query_id FROM system.processes WHERE ${where}`)).split('\n'))
            asked.add(id)
          await sql(`KILL QUERY WHERE ${where} ASYNC`)
          return alert.count()
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0)
    await alert.getByText('ClickHouse answered QUERY_WAS_CANCELLED (code 394)').waitFor()
    await alert.getByText('Details').click()
    const shown = (await alert.locator('dd').last().innerText()).trim()
    expect(shown).toMatch(/^hopscope-api-/)
    expect([...asked]).toContain(shown)
  } finally {
    await sql('DROP VIEW traces')
    await sql('RENAME TABLE traces_away TO traces')
  }
  await context.close()
})

it('ux 24: what is superseded is cancelled, down to the query in ClickHouse', async () => {
  const { page, context } = await site.open('/alerts')
  const sql = async (body: string) =>
    (await (await fetch(`${site.hopscope.engineUrl}/?database=hopscope`, { method: 'POST', body })).text()).trim()
  const running = (seconds: number) =>
    sql(
      `SELECT count() FROM system.processes WHERE query LIKE '%FROM traces%' AND query_id LIKE 'hopscope-api-%' AND elapsed > ${seconds}`,
    )
  // Of a list that would take minutes.
  await sql('RENAME TABLE traces TO traces_away')
  await sql('CREATE VIEW traces AS SELECT t.* FROM numbers(100000000000) AS n CROSS JOIN traces_away AS t')
  try {
    await page.getByRole('navigation', { name: 'Screens', exact: true }).getByRole('link', { name: 'Traces' }).click()
    await expect.poll(() => running(1)).toBe('1')
    await page.getByRole('navigation', { name: 'Screens', exact: true }).getByRole('link', { name: 'Alerts' }).click()
    // By itself it would end at the limit of the server, after it.
    await expect.poll(() => running(0), { timeout: 20_000 }).toBe('0')
  } finally {
    await sql('DROP VIEW traces')
    await sql('RENAME TABLE traces_away TO traces')
  }
  await context.close()
})

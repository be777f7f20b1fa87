import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replay } from '../../process/demo.ts'
import type { Fault } from '../../process/demo-incident.ts'
import { parseAllowed } from '../../server/alerts/notify/address.ts'
import { startAlerts } from '../../server/alerts/run/evaluator.ts'
import { outbox } from '../../server/alerts/run/outbox.ts'
import type { AlertRule } from '../../server/api/contract-alert-rules.ts'
import type { Alert, AlertDetail, AlertList, SilenceList, Target } from '../../server/api/contract-alerts.ts'
import type { BudgetList } from '../../server/api/contract-budgets.ts'
import type { ProxyItem, ProxyList } from '../../server/api/contract-measurements.ts'
import type { Running } from '../../storage/running.ts'
import { eventually } from '../eventually.ts'
import { quiet } from '../harness.ts'
import { axe, loaded, startSite, type Site } from './browser.ts'
import { settled } from './traffic.ts'

/**
 * The traffic of the demo with a fault in it: a sidecar is slower by 3 ms for 20 minutes of the last hour. The evaluator begins before that,
 * as one that was away does, so that an hour of evaluations takes seconds.
 */
const minute = 60_000
const perMinute = 30
const pastMinutes = 80
const startMs = Math.floor(Date.now() / minute) * minute
const fault: Fault = {
  ...{ proxy: 'payments.shop', byMs: 3 },
  ...{ fromMs: startMs - 50 * minute, toMs: startMs - 30 * minute },
}
/** Short, for traffic of 30 requests a minute. */
const short = { kind: 'threshold', quantile: 0.5, windowMs: 3 * minute, forMs: 2 * minute, minCount: 40 }

interface Told {
  readonly status: 'firing' | 'resolved'
  readonly alert: Alert
  readonly url: string
}
const told: Told[] = []
let hook: Server
/** Whether the second target refuses everything. */
let isGone = true
let site: Site
let evaluator: Running
let payments: ProxyItem
let rule: AlertRule

async function call<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(`${site.hopscope.apiUrl}/api/v1${path}`, {
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}
const hookUrl = () => `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`

beforeAll(async () => {
  hook = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      if (request.url === '/gone' && isGone) return response.writeHead(410).end()
      const said = JSON.parse(text) as Told
      if (said.alert.labels['test'] === undefined && request.url !== '/gone') told.push(said)
      return response.end('thank you')
    })
  }).listen(0, '127.0.0.1')
  site = await startSite(0, {
    env: { HOPSCOPE_ROLES: 'collector,finaliser,api', HOPSCOPE_ALLOWED_TARGETS: '127.0.0.1' },
  })
  const { hopscope } = site
  const stop = new AbortController()
  await replay({
    otlpHttpUrl: hopscope.otlpHttpUrl,
    recordings: fileURLToPath(new URL('../fixtures/recordings', import.meta.url)).replace('/dist/', '/'),
    ...{ names: ['s1-sidecars'], tracesPerSecond: perMinute / 60, backfillSeconds: pastMinutes * 60 },
    ...{ incidentSeconds: 0, fault, signal: stop.signal, log: () => undefined },
    onBackfilled: () => stop.abort(),
  })
  await settled(hopscope, perMinute * pastMinutes)
  const { items } = await call<ProxyList>('/proxies?from=now-2h')
  payments = items.find(({ name, role }) => name === 'payments' && role === 'sidecar-inbound')!
  const target = await call<Target>('/notification-targets', { kind: 'webhook', name: 'pager', url: hookUrl() })
  rule = await call<AlertRule>('/alert-rules', {
    ...{ ...short, name: 'payments adds too much', measure: 'added', filter: { proxy: payments.id } },
    ...{ valueNs: 3_000_000, resolveValueNs: 2_500_000, targets: [target.id] },
  })
  const gone = await call<Target>('/notification-targets', {
    ...{ kind: 'webhook', name: 'left us', url: hookUrl().replace('/hook', '/gone') },
  })
  await call('/alert-rules', {
    ...{ ...short, name: 'any transit', measure: 'transit', valueNs: 100_000, targets: [gone.id] },
  })
  await call('/alert-rules', {
    ...{ kind: 'budget', name: 'payments within 3 ms', measure: 'added', filter: { proxy: payments.id } },
    ...{ valueNs: 3_000_000, minCount: 20, keepFiringMs: 0 },
    objective: { share: 0.5, windowMs: 120 * minute, burnRates: [{ longMs: 5 * minute, shortMs: minute, rate: 1.5 }] },
  })
  evaluator = await startAlerts(
    {
      clickhouseUrl: `${hopscope.engineUrl}/hopscope`,
      ...{ alertIntervalMs: 2 * minute, regressionIntervalMs: 15 * minute, publicUrl: hopscope.apiUrl, log: quiet },
      fromMs: startMs - (pastMinutes - 5) * minute,
    },
    (clickhouse) => [outbox(clickhouse, parseAllowed('127.0.0.1'), quiet)],
  )
}, 300_000)
afterAll(async () => {
  await evaluator?.close()
  await site?.close()
  hook?.close()
})

const msOf = (nano: string) => Number(BigInt(nano) / 1_000_000n)
const row = (page: Page, name: RegExp) => page.getByRole('table', { name: 'Alerts' }).getByRole('row', { name })

describe('a fault of the demo', () => {
  it('is one alert with the right proxy, size and beginning, is told once, and resolves after its end', async () => {
    await eventually(async () => {
      const { behindMs } = (await call<AlertList>('/alerts')).evaluator
      return behindMs !== null && behindMs < 5 * minute
    }, 150_000)
    await eventually(() => told.length >= 2, 100_000)
    expect(told.map(({ status }) => status)).toEqual(['firing', 'resolved'])
    const { alert, url } = told[0]!
    expect(alert.series).toMatchObject({ kind: 'proxy', id: payments.id, name: 'payments' })
    const before = await call<ProxyItem & Pick<ProxyList, 'from'>>(
      `/proxies/${payments.id}?from=${fault.fromMs - 20 * minute}&to=${fault.fromMs}`,
    )
    const usual = before.added.find(({ fidelity }) => fidelity === alert.series.fidelity)!.p50Ns!
    expect(Math.abs(alert.value! - usual - 3e6)).toBeLessThan(0.6e6)
    expect(msOf(alert.sinceUnixNano)).toBeGreaterThanOrEqual(fault.fromMs)
    expect(msOf(alert.sinceUnixNano)).toBeLessThanOrEqual(fault.fromMs + 6 * minute)
    const detail = await call<AlertDetail>(`/alerts/${alert.id}`)
    const ended = detail.history.find(({ what }) => what === 'resolved')!
    expect(msOf(ended.atUnixNano)).toBeGreaterThanOrEqual(fault.toMs)
    expect(msOf(ended.atUnixNano)).toBeLessThanOrEqual(fault.toMs + 6 * minute)
    const { items } = await call<AlertList>(`/alerts?rule=${rule.id}`)
    expect(items.map(({ id, state }) => [id, state])).toEqual([[alert.id, 'resolved']])

    const { page, context, complaints } = await site.open(url.replace(site.hopscope.apiUrl, ''))
    const shown = page.getByRole('article', { name: 'payments: added time p50' })
    await shown.getByText('Resolved').first().waitFor()
    await shown.getByRole('img', { name: /before and since it began/ }).waitFor()
    const history = await shown.getByRole('region', { name: 'History' }).innerText()
    expect(history).toMatch(/Told[\s\S]*Resolved[\s\S]*Firing/)
    expect(history).toContain('pager')
    const way = new URL((await shown.getByRole('link', { name: 'Open proxy' }).getAttribute('href'))!, page.url())
    expect(way.pathname).toBe(`/proxies/${payments.id}`)
    expect(way.searchParams.get('vs')).toBe('before')
    expect(Math.abs(Number(way.searchParams.get('from')) - fault.fromMs)).toBeLessThanOrEqual(6 * minute)
    const exemplar = shown.getByRole('region', { name: 'Requests that show it' }).getByRole('link').first()
    await exemplar.click()
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/)
    expect(complaints).toEqual([])
    await context.close()
  }, 400_000)
})

describe('a rule', () => {
  it('comes from a chart in at most four actions, with when it would have fired', async () => {
    const { page, context, complaints } = await site.open(`/proxies/${payments.id}?from=now-75m&p=p50`)
    let actions = 0
    const act = async (does: Promise<void>) => {
      actions++
      await does
      await loaded(page)
    }
    await act(page.getByRole('link', { name: 'Alert on this' }).click())
    await page.getByText('Would have fired 1 time').waitFor()
    const said = page.getByRole('region', { name: 'Preview on history' }).getByRole('listitem')
    expect(await said.innerText()).toMatch(/payments: added time p50 ≈ \d/)
    await act(page.getByRole('button', { name: 'Create rule' }).click())
    expect(actions).toBeLessThanOrEqual(4)
    await page.getByRole('link', { name: 'payments: added time p50', exact: true }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('says what is wrong beside the field that is, and is in its address until it is saved', async () => {
    const { page, context } = await site.open('/alerts/rules/new')
    await page.getByLabel('Value').fill('five')
    await page.getByLabel('Value').press('Tab')
    await page.getByText('not a number of ns').waitFor()
    await page.getByLabel('Value').fill('5')
    await page.getByLabel('When below').fill('7')
    await page.getByLabel('When below').press('Tab')
    await page.getByText('above valueNs').waitFor()
    await page.reload()
    await expect.poll(() => page.getByLabel('When below').inputValue()).toBe('7')
    await page.getByLabel('When below').fill('4')
    await page.getByLabel('When below').press('Tab')
    await page.getByText(/Would have fired/).waitFor()
    await page.getByRole('button', { name: 'Create rule' }).click()
    await page.getByRole('alert').filter({ hasText: 'name' }).waitFor()
    await context.close()
  })

  it('is turned off, goes to YAML and comes back, and is deleted after a question', async () => {
    const { page, context } = await site.open('/alerts/rules')
    await page.getByRole('checkbox', { name: 'payments: added time p50: on' }).click()
    await page.getByText('payments: added time p50: off').waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    expect((await download).suggestedFilename()).toBe('hopscope-alert-rules.yaml')
    await page.getByRole('button', { name: 'Import' }).click()
    await page
      .getByLabel('or its text')
      .fill('- { name: from yaml, kind: threshold, measure: transit, valueNs: 9000000 }')
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText('1 new, 0 changed, 0 as they are.').first().waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click()
    await page.getByRole('link', { name: 'from yaml', exact: true }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Rule deleted: from yaml').waitFor()
    expect(await page.getByRole('link', { name: 'from yaml', exact: true }).count()).toBe(0)
    await context.close()
  })
})

describe('an alert', () => {
  it('is seen from everywhere: in the navigation, beside its hop, on its chart; symptoms beneath their lead', async () => {
    const { items } = await call<AlertList>('/alerts?state=firing')
    const lead = items.find(({ partOf }) => partOf === null)!
    const symptom = items.find(({ partOf }) => partOf === lead.id)!
    const { page, context } = await site.open('/alerts?show=firing')
    expect(await row(page, /since/).count()).toBe(1)
    await page.getByRole('article').getByRole('link', { name: symptom.series.name }).click()
    await page.getByText(`Beneath ${lead.series.name}`).waitFor()
    await page
      .getByRole('navigation', { name: 'Screens', exact: true })
      .getByRole('link', { name: /^Alerts, 1 firing/ })
      .waitFor()
    await page.goto(`/hops/${lead.series.id}?from=now-2h`)
    await page.getByRole('link', { name: /^transit p50 since/ }).waitFor()
    await page.goto('/hops')
    await page
      .getByRole('table')
      .getByRole('link', { name: /transit p50 since .*alert/ })
      .first()
      .waitFor()
    await page.goto(`/proxies/${payments.id}?from=now-2h`)
    await page.getByText(/^fires > 3\.00/).waitFor()
    await context.close()
  })

  it('is acknowledged, silenced with a reason and commented on, by keys alone, and all of that is told', async () => {
    const { page, context, complaints } = await site.open('/alerts?show=firing')
    await page.keyboard.press('k')
    await page.getByRole('dialog').getByLabel('Why').fill('looking')
    await page.getByRole('dialog').getByLabel('By').fill('Ada')
    await page.keyboard.press('Enter')
    await page.getByText(/Acknowledged by Ada/).waitFor()
    await page.keyboard.press('s')
    await page.getByRole('dialog').getByLabel('Which').selectOption('rule')
    await page.getByRole('dialog').getByLabel('Why').fill('known since the morning')
    await page.getByRole('dialog').getByRole('button', { name: 'Silence' }).press('Enter')
    await page.getByText(/^Silenced until/).waitFor()
    await page.getByText('known since the morning').first().waitFor()
    await page.getByRole('link', { name: 'Silences and changes' }).click()
    await page.getByText('alert acknowledged').waitFor()
    await page.getByText('silence created').waitFor()
    const ends = page.getByRole('button', { name: /^End the silence of all of the rule any transit/ })
    expect((await call<SilenceList>('/silences')).items[0]!.alerts).toBeGreaterThan(1)
    await ends.click()
    await expect.poll(() => ends.count()).toBe(0)
    await page.getByText('silence ended').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('a budget', () => {
  it('is on the pages of what it is about with what is left of it, and its line on their charts', async () => {
    const { items } = await call<BudgetList>(`/budgets?proxy=${payments.id}`)
    const left = items[0]!.left!
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(0.95)
    const { page, context, complaints } = await site.open(`/proxies/${payments.id}?from=now-2h`)
    const budgets = page.getByRole('region', { name: 'Budgets' })
    for (const path of ['', `/?from=now-2h`, `/map?from=now-2h&sel=p:${payments.id}`]) {
      if (path) await page.goto(path)
      // Between value and unit stand spaces that do not break.
      const text = (await budgets.innerText()).replace(/\s/g, ' ')
      expect(text).toContain('50.0 % of added time within 3.00 ms over 2 h')
      expect(text).toContain(`${Math.round(left * 100)} % left`)
      expect(text).toMatch(/burns .* in 5 min/)
      expect(await axe(page)).toEqual([])
      if (path.startsWith('/?')) await page.getByTitle(/^budget 3\.00/).waitFor({ state: 'attached' })
      else await page.getByText(/^budget 3\.00/).waitFor()
    }
    expect(complaints).toEqual([])
    await context.close()
  })

  it('that burnt shows how fast it was spent before and since', async () => {
    const { items } = await call<AlertList>('/alerts?state=resolved')
    const { id } = items.find(({ kind }) => kind === 'budget')!
    const { page, context, complaints } = await site.open(`/alerts/${id}`)
    await page.getByRole('img', { name: 'Burn rate of payments before and since it began' }).waitFor()
    await page.getByText('fires > 1.5 ×').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('a notification target', () => {
  it('shows what it was not told and why, and is told again when somebody wants it', async () => {
    const { page, context } = await site.open('/alerts/targets')
    const target = page.getByRole('listitem', { name: 'left us' })
    await target.getByRole('button', { name: /given up/ }).click()
    await target
      .getByText(/HTTP 410, 1 attempt/)
      .first()
      .waitFor()
    expect(await axe(page)).toEqual([])
    const again = target.getByRole('button', { name: /^Send any transit, .* again$/ })
    const given = await again.count()
    isGone = false
    await again.first().click()
    await page.getByText('It is tried again').waitFor()
    await expect.poll(() => again.count()).toBe(given - 1)
    await context.close()
  })

  it('is tested with what it really answers, and never shows its secret', async () => {
    const { page, context } = await site.open('/alerts/targets')
    await page.getByRole('button', { name: 'Send a test to pager' }).click()
    await page.getByText(/Test taken: .*200/).waitFor()
    await page.getByRole('button', { name: 'New target' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('closed door')
    await dialog.getByLabel('URL').fill('http://127.0.0.1:9/')
    await dialog.getByLabel('Secret').selectOption('text')
    await dialog.getByLabel('Secret text').fill('hush-hush')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText(/secret given/).waitFor()
    await page.getByRole('button', { name: 'Send a test to closed door' }).click()
    await page.getByText(/Test failed: /).waitFor()
    await page.getByRole('button', { name: 'Change closed door' }).click()
    expect(await page.content()).not.toContain('hush-hush')
    await context.close()
  })
})

describe.each(['/alerts', '/alerts/rules', '/alerts/rules/new', '/alerts/targets', '/alerts/log'])('%s', (path) => {
  it('opens without complaints, and axe finds nothing', async () => {
    const { page, context, complaints } = await site.open(path)
    expect(await page.locator('h1').count()).toBe(1)
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('fits a phone in the dark, without scrolling sideways', async () => {
    const { page, context } = await site.open(path, { size: 'phone', theme: 'dark' })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    // The page that one is written on leads nowhere else to write one.
    expect(await page.getByText('New rule', { exact: true }).filter({ visible: true }).count()).toBe(1)
    expect(await axe(page)).toEqual([])
    await context.close()
  })
})

import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import type { AlertRule } from '../../server/api/contract-alert-rules.ts'
import type { AlertList } from '../../server/api/contract-alerts.ts'
import type { ProxyList } from '../../server/api/contract-measurements.ts'
import { eventually } from '../eventually.ts'
import { loaded, sizes, startSite, themes, type Site, type Size, type Theme } from './browser.ts'
import { alertScreens, emptyScreens, screensWithData, type Screen } from './screens.ts'

const besides: readonly Screen[] = [
  { name: 'Proxies', path: '/hops?show=proxies' },
  { name: 'TraceFile', path: '/traces/import', asksNothing: true },
  { name: 'Claims', path: '/claims' },
  { name: 'WhatIf', path: '/what-if?target=gateway' },
]

/**
 * `npm run shots [-- FOLDER [WORD…]]`: every screen with data, empty, loading and failing, in both themes and all sizes, of
 * recorded traffic with an incident in it. WORDs: only files whose names have all of them, such as `hop loading 390-dark`.
 */
const [target, ...words] = process.argv.slice(2)
const folder = resolve(target ?? 'shots')
await mkdir(folder, { recursive: true })

/** What is done to the API before a page of it opens. */
const states: Record<string, (context: BrowserContext) => Promise<unknown>> = {
  data: () => Promise.resolve(),
  // Never answered.
  loading: (context) => context.route('**/api/v1/**', () => undefined),
  error: (context) =>
    context.route('**/api/v1/**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        json: {
          title: 'ClickHouse could not answer',
          status: 503,
          detail: 'ClickHouse is starting, or too busy: try again in a moment.',
          queryId: '0d9cf2e4-7f1b-4e2a-9a64-6d9b6ce5c001',
        },
      }),
    ),
}

/** What alerts of the pictures are about: the hop that the incident makes slower, and what is only pending. Returns a rule that fires. */
async function addRules({ hopscope }: Site): Promise<Screen> {
  const ids: string[] = []
  const rule = { kind: 'threshold', quantile: 0.5, windowMs: 600_000, minCount: 40, measure: 'transit' }
  for (const [name, forMs, valueNs] of [
    ['a hop takes long', 0, 20_000_000],
    ['slow for an hour', 3_600_000, 2_500_000],
  ] as const) {
    const response = await fetch(`${hopscope.apiUrl}/api/v1/alert-rules`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...rule, name, forMs, valueNs, targets: [] }),
    })
    if (!response.ok) throw new Error(await response.text())
    ids.push(((await response.json()) as AlertRule).id)
  }
  await eventually(async () => {
    const response = await fetch(`${hopscope.apiUrl}/api/v1/alerts?state=firing`)
    return ((await response.json()) as AlertList).items.length > 0
  }, 180_000)
  return { name: 'AlertRuleStored', path: `/alerts/rules/${ids[0]}` }
}

/** Where there is more to see than at the address of the tests: a period before, and gateways of two families side by side. */
async function withMore({ hopscope }: Site): Promise<Screen[]> {
  const { items } = (await (await fetch(`${hopscope.apiUrl}/api/v1/proxies`)).json()) as ProxyList
  const gateways = items.filter(({ role }) => role === 'gateway').toSorted((a, b) => b.requests - a.requests)
  const [a, b] = ['envoy', 'krakend'].map((family) => gateways.find((proxy) => proxy.family === family)?.id)
  const more = [
    { name: 'Overview', path: '/?from=now-25m' },
    { name: 'Compare', path: `/compare?a=proxy+%3D+${a}&b=proxy+%3D+${b}` },
  ]
  const others = await screensWithData(hopscope.apiUrl)
  return [...more, ...others.filter(({ name }) => !more.some((screen) => screen.name === name))]
}

async function stands(page: Page, state: string): Promise<void> {
  if (state === 'loading')
    await page.locator('main').getByText('Loading', { exact: true }).first().waitFor({ state: 'attached' })
  else if (state === 'error') await page.getByRole('alert').first().waitFor()
  else await loaded(page)
  await page.evaluate('document.fonts.ready.then(() => undefined)')
}

async function shoot(site: Site, { name, path }: Screen, state: string, size: Size, theme: Theme): Promise<void> {
  const file = `${name.toLowerCase()}-${state}-${sizes[size].width}-${theme}.png`
  if (!words.every((word) => file.includes(word))) return
  const { page, context, complaints } = await site.blank({ theme, size })
  await states[state === 'empty' ? 'data' : state]!(context)
  await page.goto(path)
  await stands(page, state)
  await page.screenshot({ path: join(folder, file) })
  // Failures are what was asked for.
  console.log(file, ...(state === 'error' ? [] : complaints))
  await context.close()
}

for (const [traces, kinds] of [
  [0, ['empty']],
  [4000, Object.keys(states)],
] as const) {
  const site = await startSite(traces, { incidentMinutes: 12 })
  try {
    const screens = traces === 0 ? emptyScreens : [...(await withMore(site)), await addRules(site)]
    for (const state of kinds)
      for (const screen of [...screens, ...besides, ...alertScreens].filter(
        ({ asksNothing }) => !asksNothing || state === 'data' || state === 'empty',
      ))
        for (const theme of themes)
          for (const size of Object.keys(sizes) as Size[]) await shoot(site, screen, state, size, theme)
  } finally {
    await site.close()
  }
}

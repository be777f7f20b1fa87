import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HopList, ProxyList } from '../../server/api/contract-measurements.ts'
import { eventually } from '../eventually.ts'
import { loaded, startSite, type Site } from './browser.ts'
import { documentOf, type Export } from './trace-documents.ts'
import { send, settled } from './traffic.ts'

/** Names and values as nobody should send them, in every attribute, on every screen: text stays text, and pages keep their shape. */
const html = '<img src=x onerror="window.hacked=1">'
const long = `${'long-'.repeat(99)}name`
const names = [
  html,
  '<script>window.hacked=1</script>',
  long,
  'خدمة الدفع',
  '🛒👩‍👩‍👧‍👦',
  'NaN',
  'undefined',
  '-Infinity',
  '__proto__',
  '%E0%A4%A \t{{7*7}}',
]
const traceIdOf = (n: number) => `0dd${n}f`.padEnd(32, '0')
const keyValues = (of: Record<string, string>) =>
  Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } }))

/** A request from one of the names to the next, through a sidecar of Istio that is called like it. */
function oddTrace(n: number): Export {
  const [from, to] = [names[n]!, names[(n + 1) % names.length]!]
  const attributes = {
    ...Object.fromEntries(
      ['http.route', 'url.path', 'http.request.method', 'peer.address', to].map((key) => [key, from]),
    ),
    'http.response.status_code': from,
    'http.status_code': from,
  }
  const document = documentOf(
    traceIdOf(n),
    [
      [from, 1, 0, to, 2, 0, 9_000],
      [from, 2, 1, to, 3, 100, 8_000],
      ['sidecar', 3, 2, to, 2, 200, 7_000],
      [to, 4, 3, from, 2, 300, 6_000],
    ],
    attributes,
  )
  const resource = {
    ...Object.fromEntries(
      ['service.version', 'service.instance.id', 'k8s.pod.name', 'k8s.node.name'].map((key) => [key, to]),
    ),
    'k8s.namespace.name': from,
    'deployment.environment.name': from,
  }
  for (const { resource: of, scopeSpans } of document.resourceSpans) {
    of.attributes.push(...keyValues(resource))
    for (const span of scopeSpans.flatMap(({ spans }) => spans).filter(({ spanId }) => spanId.endsWith('3')))
      span.attributes.push(
        ...keyValues({
          ...{ component: 'proxy', upstream_cluster: 'inbound|8080||', response_flags: from },
          node_id: `sidecar~10.0.0.1~${to}-7d9c6b5f4-x2k1.shop~shop.svc.cluster.local`,
          ...{ 'istio.namespace': 'shop', 'istio.mesh_id': from, 'istio.canonical_service': to },
        }),
      )
  }
  return document
}

/** No length, an end before its start, ten days, and a caller's clock that is 40 ms ahead within a request of ten minutes. */
const oddTimes = [
  documentOf(traceIdOf(90), [['still', 1, 0, 'no length', 2, 0, 0]]),
  documentOf(traceIdOf(91), [['back', 1, 0, 'ends first', 2, 5_000, 0]]),
  documentOf(traceIdOf(92), [['slow', 1, 0, 'ten days', 2, -864_000_000_000, 0]]),
  documentOf(traceIdOf(93), [
    ['shop', 1, 0, 'a long one', 2, 0, 600_000_000],
    ['shop', 2, 1, 'POST', 3, 300_000_000, 300_009_000],
    ['pay', 3, 2, 'POST /pay', 2, 300_040_000, 300_041_000],
  ]),
]

let site: Site
const paths: Record<string, string> = {
  overview: '/',
  map: '/map',
  'map, as a table': '/map?as=table',
  hops: '/hops',
  proxies: '/hops?show=proxies&v=1',
  explore: '/explore?by=service',
  traces: '/traces',
  data: '/data',
}
beforeAll(async () => {
  site = await startSite(0)
  const documents = [...names.map((_, n) => oddTrace(n)), ...oddTimes]
  await send(site.hopscope, { resourceSpans: documents.flatMap(({ resourceSpans }) => resourceSpans) })
  await settled(site.hopscope, names.length + oddTimes.length)
  const get = async <T>(path: string) => (await (await fetch(`${site.hopscope.apiUrl}/api/v1${path}`)).json()) as T
  const [hop, proxy] = await eventually(async () => {
    const [{ items: hops }, { items: proxies }] = [await get<HopList>('/hops'), await get<ProxyList>('/proxies')]
    const found = [hops.find(({ caller }) => caller === html), proxies.find(({ name }) => name.includes('long-'))]
    return hops.length >= names.length && found[0] && found[1] && found
  })
  paths['hop'] = `/hops/${hop!.id}`
  paths['proxy'] = `/proxies/${proxy!.id}`
  for (const n of names.keys()) paths[`trace ${n}`] = `/traces/${traceIdOf(n)}?span=0000000000000003&tab=attributes`
  for (const n of [90, 91, 92, 93]) paths[`trace ${n}`] = `/traces/${traceIdOf(n)}`
}, 300_000)
afterAll(() => site?.close())

/** What is wider than the window, the innermost of each line of descent. */
const tooWide = (page: Page) =>
  page.evaluate<string>(`(() => {
    const { clientWidth, scrollWidth } = document.documentElement
    if (scrollWidth <= clientWidth) return ''
    const wide = [...document.body.querySelectorAll('*')].filter((it) => it.getBoundingClientRect().right > clientWidth + 0.5)
    return wide.filter((it) => !wide.some((other) => other !== it && it.contains(other)))
      .map((it) => it.tagName + '.' + it.getAttribute('class') + ' in ' + it.parentElement.getAttribute('class')).slice(0, 4).join(', ')
  })()`)

describe('odd names and times', () => {
  it.each([
    [
      'a wide window',
      1440,
      ['overview', 'map', 'map, as a table', 'hops', 'proxies', 'explore', 'traces', 'data', 'hop', 'proxy'],
    ],
    ['a phone', 390, ['overview', 'map', 'hops', 'proxies', 'explore', 'traces', 'data', 'hop', 'proxy']],
    [
      'traces, wide',
      1440,
      ['trace 0', 'trace 1', 'trace 3', 'trace 5', 'trace 8', 'trace 90', 'trace 91', 'trace 92', 'trace 93'],
    ],
    ['traces, on a phone', 390, ['trace 0', 'trace 1', 'trace 2', 'trace 9', 'trace 92', 'trace 93']],
  ] as const)('keep %s in shape, and stay text', async (_, px, screens) => {
    const { page, context, complaints } = await site.blank({ size: px === 390 ? 'phone' : 'desktop' })
    await page.setViewportSize({ width: px, height: 800 })
    const wrong: string[] = []
    for (const name of screens) {
      await page.goto(paths[name]!)
      await loaded(page)
      const found = [
        [await tooWide(page), '', 'wider than the window'],
        [await page.locator('h1').count(), 1, 'h1'],
        [await page.locator('main img, main script').count(), 0, 'elements out of names'],
        [await page.evaluate('window.hacked === undefined'), true, 'no script of theirs ran'],
        [await page.getByRole('alert').count(), 0, 'alerts'],
      ] as const
      for (const [is, should, what] of found) if (is !== should) wrong.push(`${name}: ${what} ${String(is)}`)
    }
    expect(wrong).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('are shown as they came', async () => {
    const { page, context } = await site.open('/traces')
    const table = await page.locator('tbody').innerText()
    for (const name of [html, 'خدمة الدفع', 'NaN', 'undefined', '-Infinity', '__proto__', '%E0%A4%A'])
      expect(table).toContain(name)
    await page.goto(paths['trace 0']!)
    await page.getByRole('tabpanel').getByText(html, { exact: true }).first().waitFor()
    await context.close()
  })
})

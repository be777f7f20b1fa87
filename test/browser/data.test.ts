import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ServiceList } from '../../server/api/contract-catalogue.ts'
import { eventually } from '../eventually.ts'
import { addressOf, axe, startSite, type Site } from './browser.ts'
import { send } from './traffic.ts'
import { t1Export } from '../t1.ts'

let site: Site
beforeAll(async () => {
  site = await startSite(0)
})
afterAll(() => site?.close())

it('ux 23: settings name the receivers that listen, and the choice is in the URL', async () => {
  const { page, context } = await site.open('/data')
  const grpcPort = new URL(site.hopscope.otlpGrpcUrl).port
  const httpPort = new URL(site.hopscope.otlpHttpUrl).port
  const panel = page.getByRole('tabpanel')
  for (const name of ['SDK', 'Collector', 'Envoy', 'Istio', 'KrakenD', 'Caddy']) {
    await page.getByRole('tab', { name }).click()
    await panel.getByText(grpcPort).first().waitFor()
  }
  await page.getByText('HTTP', { exact: true }).click()
  await panel.getByText(httpPort).first().waitFor()
  expect((await addressOf(page)).search).toBe('?for=caddy&over=http&v=2')
  await page.getByRole('tab', { name: 'Caddy' }).press('ArrowRight')
  expect(await page.getByRole('tab', { name: 'SDK' }).getAttribute('aria-selected')).toBe('true')
  await context.close()
})

it('ux 23: the first span turns waiting into a trace to open, without a reload', async () => {
  const { page, context, complaints } = await site.open('/data')
  await page.getByRole('heading', { name: 'Waiting for the first span' }).waitFor()
  const traceId = randomBytes(16).toString('hex')
  await send(site.hopscope, t1Export(traceId, BigInt(Date.now() - 2_000) * 1_000_000n))
  await page.getByRole('heading', { name: /^Spans arrive/ }).waitFor()
  await page.getByText(/^Received \d+ spans/).waitFor()
  await page.getByRole('link', { name: 'Open the newest trace' }).click()
  await page.waitForURL(new RegExp(`/traces/${traceId}`))
  expect(complaints).toEqual([])
  await page.goBack()
  await page.getByRole('heading', { name: 'Exporters' }).waitFor()
  await page.locator('tbody a').first().waitFor()
  // T1 is whole; without its gateway and sidecar before A, there is an orphan and no root.
  await page.getByText(/^Of the traces of \d+ services, nothing\.$/).waitFor()
  const { resourceSpans } = t1Export(randomBytes(16).toString('hex'), BigInt(Date.now() - 2_000) * 1_000_000n)
  await send(site.hopscope, { resourceSpans: resourceSpans.slice(2) })
  await eventually(async () => {
    const answer = await fetch(`${site.hopscope.apiUrl}/api/v1/services`)
    const { items } = (await answer.json()) as ServiceList
    return items.some(({ rootless }) => rootless > 0)
  })
  await page.reload()
  const senders = page.getByRole('table', { name: 'Senders' })
  await senders.getByText('127.0.0.1').first().waitFor()
  expect(await senders.getByRole('row').nth(1).textContent()).toMatch(/OTLP\/HTTP, node/)
  const losses = page.getByRole('table', { name: 'What was lost of traces, by service' })
  await losses.getByRole('link').first().waitFor()
  expect(await losses.getByRole('row').nth(1).locator('td').allTextContents()).toContain('50.0\u202f%')
  expect(await axe(page)).toEqual([])
  await context.close()
})

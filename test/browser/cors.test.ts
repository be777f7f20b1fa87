import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { requestJson } from '../../bench/generate.ts'
import { startCollector } from '../../collector/collector.ts'
import { hashOfKey, whoHasKey } from '../../collector/receivers/access.ts'
import { noKey } from '../../collector/pipeline/rates.ts'
import type { Running } from '../../storage/running.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { startBrowser, type TestBrowser } from './browser.ts'

/** Pages of two origins in a real browser: the one that may send, and another. */
let db: TestEngine
let pages: Server
let port: number
let collector: Running
let browser: TestBrowser
beforeAll(async () => {
  pages = createServer((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>shop</title><main><p>shop</p></main>')
  }).listen(0, '127.0.0.1')
  await once(pages, 'listening')
  port = (pages.address() as AddressInfo).port
  db = await startEngine()
  collector = await startCollector({
    ...{ clickhouseUrl: db.url, host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet },
    access: whoHasKey(() => new Map([[hashOfKey('of the page'), { ...noKey, name: 'page' }]])),
    origins: [`http://127.0.0.1:${port}`],
  })
  browser = await startBrowser(`http://127.0.0.1:${port}`)
})
afterAll(async () => {
  await browser?.close()
  await collector?.close()
  await db?.stop()
  pages?.close()
  pages?.closeAllConnections()
})

const urlOf = (name: string) => collector.addresses.find((address) => address.name === name)!.url

/** Status of a POST from a page of `host`, or what the page is told. */
async function sendFrom(host: string, url: string, body: string, type = 'application/json'): Promise<unknown> {
  const { page, context } = await browser.open(`http://${host}:${port}/`)
  const sent = await page.evaluate(
    async ([to, text, contentType]) => {
      const headers = { 'content-type': contentType!, 'api-key': 'of the page' }
      const response = await fetch(to!, { method: 'POST', headers, body: text! }).catch((error: Error) => error.message)
      return typeof response === 'string' ? response : response.status
    },
    [url, body, type],
  )
  await context.close()
  return sent
}

it('a page of an origin that is named may send, and learns the answer; one of another may not', async () => {
  const otlp = `${urlOf('OTLP/HTTP')}/v1/traces`
  const spans = JSON.stringify(requestJson(12, 1))
  expect(await sendFrom('127.0.0.1', otlp, spans)).toBe(200)
  expect(await sendFrom('127.0.0.1', otlp, 'nonsense')).toBe(400)
  const zipkin = `${urlOf('Zipkin')}/api/v2/spans`
  const span = '[{"traceId":"1","id":"2","timestamp":1700000000000000}]'
  expect(await sendFrom('127.0.0.1', zipkin, span)).toBe(202)
  expect(await sendFrom('localhost', otlp, spans)).toBe('Failed to fetch')
  expect(await sendFrom('localhost', zipkin, span)).toBe('Failed to fetch')
  expect(await db.clickhouse.query('SELECT count() AS n FROM spans')).toEqual([{ n: '13' }])
})

it('a page of another origin is refused also where its browser does not ask before', async () => {
  const send = (origin: string | undefined, type?: string) =>
    fetch(`${urlOf('Zipkin')}/api/v2/spans`, {
      method: 'POST',
      body: new Uint8Array(Buffer.from('[]')),
      headers: { 'api-key': 'of the page', ...(origin && { origin }), ...(type && { 'content-type': type }) },
    }).then(({ status }) => status)
  expect([await send('http://evil.example'), await send('null'), await send(undefined)]).toEqual([403, 403, 202])
})

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { connect } from '../../storage/clickhouse.ts'
import { freePort } from '../../storage/ports.ts'
import { eventually } from '../eventually.ts'
import { startHopscope } from '../harness.ts'

const fast = { OTEL_BSP_SCHEDULE_DELAY: '200', OTEL_METRIC_EXPORT_INTERVAL: '500', OTEL_METRIC_EXPORT_TIMEOUT: '500' }

describe('hopscope’s own telemetry', () => {
  it('goes to the collector that it is told of: spans of API requests, metrics of every part', async () => {
    const received = new Map<string, string>()
    const elsewhere = createServer(async (request, response) => {
      const body = await buffer(request)
      const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      const path = request.url ?? ''
      received.set(path, (received.get(path) ?? '') + bytes.toString('latin1'))
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    }).listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
    const hopscope = await startHopscope({ ...fast, OTEL_EXPORTER_OTLP_ENDPOINT: url })
    try {
      expect((await fetch(`${hopscope.apiUrl}/api/v1/services`)).status).toBe(200)
      const has = (path: string, text: string) => eventually(() => received.get(path)?.includes(text))
      await has('/v1/traces', 'GET /api/v1/services')
      await has('/v1/traces', 'hopscope-server')
      for (const name of ['http.server.request.duration', 'hopscope.finaliser.backlog', 'hopscope.collector.waiting'])
        await has('/v1/metrics', name)
      await has('/v1/metrics', 'hopscope-collector')
    } finally {
      expect(await hopscope.stop()).toBe(0)
      elsewhere.close()
      elsewhere.closeAllConnections()
    }
  })

  it.each(['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])(
    'never goes into itself: %s makes each process say so in one line, and nothing is sent',
    async (name) => {
      const port = String(await freePort())
      const hopscope = await startHopscope({
        ...fast,
        HOPSCOPE_OTLP_HTTP_PORT: port,
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        [name]: `http://localhost:${port}`,
      })
      try {
        for (let i = 0; i < 5; i++) await (await fetch(`${hopscope.apiUrl}/api/v1/services`)).text()
        await new Promise((resolve) => setTimeout(resolve, 1500))
        const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
        expect(await clickhouse.query('SELECT count() AS n FROM spans')).toEqual([{ n: '0' }])
        await clickhouse.close()
        const lines = hopscope.complaints().trim().split('\n')
        const said: unknown = expect.stringContaining(`${name} is this hopscope itself: own telemetry stays off`)
        expect(lines).toEqual([said, said])
      } finally {
        expect(await hopscope.stop()).toBe(0)
      }
    },
  )
})

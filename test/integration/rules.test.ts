import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Trace } from '../../server/api/contract.ts'
import { eventually } from '../eventually.ts'
import { runHopscope, startHopscope, type RunningHopscope } from '../harness.ts'

/** Rules of the user in the whole program: in facts, on the trace page, and while it runs. */
const directory = mkdtempSync(join(tmpdir(), 'hopscope-rules-'))
const file = join(directory, 'rules.yaml')
const rules = (family: string) =>
  `rules: [{ name: edge, match: { service: ocelot }, is: { family: ${family}, role: gateway, workload: edge } }]\n`
let hopscope: RunningHopscope
beforeAll(async () => {
  writeFileSync(file, rules('ocelot'))
  hopscope = await startHopscope({ HOPSCOPE_RULES_FILE: file, HOPSCOPE_SETTLE_QUIET_MS: '1000' })
})
afterAll(async () => {
  await hopscope?.stop()
  rmSync(directory, { recursive: true })
})

/** An application that passes a request on: no built-in rule takes it for a proxy. */
async function send(): Promise<string> {
  const traceId = randomBytes(16).toString('hex')
  const base = BigInt(Date.now()) * 1_000_000n
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const span = (service: string, spanId: string, parentSpanId: string, kind: number, fromUs: number, toUs: number) => ({
    resource: { attributes: [text('service.name', service)] },
    scopeSpans: [
      {
        scope: { name: 'test' },
        spans: [
          {
            ...{ traceId, spanId, parentSpanId, kind, name: 'GET' },
            startTimeUnixNano: String(base + BigInt(fromUs * 1000)),
            endTimeUnixNano: String(base + BigInt(toUs * 1000)),
            attributes: [text('http.request.method', 'GET'), text('url.path', '/orders')],
          },
        ],
      },
    ],
  })
  const body = JSON.stringify({
    resourceSpans: [
      span('ocelot', 'aa'.repeat(8), '', 2, 0, 1000),
      span('ocelot', 'bb'.repeat(8), 'aa'.repeat(8), 3, 100, 900),
      span('orders', 'cc'.repeat(8), 'bb'.repeat(8), 2, 200, 800),
    ],
  })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${hopscope.otlpHttpUrl}/v1/traces`, { method: 'POST', headers, body })
  expect(response.status).toBe(200)
  return traceId
}
const get = async <T>(path: string) => (await (await fetch(hopscope.apiUrl + path)).json()) as T
const families = async (traceId: string) =>
  (await get<Trace>(`/api/v1/traces/${traceId}`)).proxies.map(({ family, name, overhead }) => [
    family,
    name,
    overhead.ns,
  ])
const listed = async () =>
  (await get<{ items: { family: string }[] }>('/api/v1/proxies')).items.map(({ family }) => family).sort()

it('hold in facts and on the page, and follow the file', async () => {
  const traceId = await send()
  expect(await families(traceId)).toEqual([['ocelot', 'edge', 200_000]])
  await eventually(async () => (await listed()).join() === 'ocelot')

  writeFileSync(file, 'rules: nonsense\n')
  await eventually(() => hopscope.complaints().includes('the rules before stay in force'))
  expect(await families(traceId)).toEqual([['ocelot', 'edge', 200_000]])

  writeFileSync(file, rules('ocelot-two'))
  await eventually(async () => (await families(traceId)).join() === 'ocelot-two,edge,200000')
  await send()
  await eventually(async () => (await listed()).join() === 'ocelot,ocelot-two')
})

it('stop a start with an error in one line', async () => {
  const bad = join(directory, 'bad.yaml')
  writeFileSync(bad, 'rules:\n  - { name: x, match: { service: x }, is: { role: router } }\n')
  const { code, stderr, stdout } = await runHopscope({ HOPSCOPE_RULES_FILE: bad })
  expect(code).not.toBe(0)
  expect(stderr + stdout).toMatch(/HOPSCOPE_RULES_FILE=.*bad\.yaml: line 2: rules\.0\.is\.role/)
})

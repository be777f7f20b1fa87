import { createHmac, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DeadLetters, Target, TargetList, TargetTest } from '../../server/api/contract-alerts.ts'
import { Problem } from '../../server/api/contract.ts'
import { forbidden, parseAllowed } from '../../server/alerts/notify/address.ts'
import { send } from '../../server/alerts/notify/send.ts'
import { outbox, retryAfterMs } from '../../server/alerts/run/outbox.ts'
import type { Notification } from '../../server/alerts/run/stored.ts'
import { readDocuments, writeDocuments } from '../../server/queries/alerts/documents.ts'
import { quiet } from '../harness.ts'
import { anAlert as alert } from './an-alert.ts'
import { startMeasuredApi, type MeasuredApi } from './measured-api.ts'

/** What is told to whom, against a server that speaks and misbehaves as asked. */
interface Got {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
const got: Got[] = []
let answer: (response: ServerResponse) => void
let server: Server
let base: string
let api: MeasuredApi
const local = parseAllowed('127.0.0.1')

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      got.push({ path: request.url!, headers: request.headers, body })
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  api = await startMeasuredApi({ allowedTargets: '127.0.0.1' })
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await api?.stop()
})
beforeEach(() => {
  got.length = 0
  answer = (response) => response.end('ok')
})

const telling = (status: 'firing' | 'resolved' = 'firing') => ({
  ...{ key: 'the-key', status, alert, rule: { id: alert.ruleId, name: 'r' }, url: 'http://hopscope/alerts/a' },
})
type Kind = 'webhook' | 'slack' | 'teams' | 'pagerduty' | 'alertmanager'
const matching = (text: RegExp) => expect.stringMatching(text) as string
const target = (kind: Kind, path = '/') => ({ kind, name: 't', enabled: true, url: `${base}${path}` })
const sentence = 'added time p50 ≈ 2.8 ms, was 2 ms (+40 %), since 2023-11-14 22:13 UTC'

describe('what a target is sent', () => {
  it('is, for a webhook, the alert, with its key, signed', async () => {
    expect(await send(target('webhook', '/hook'), 'secret', telling(), local)).toMatchObject({ ok: true })
    const [{ path, headers, body }] = got as [Got]
    expect(path).toBe('/hook')
    expect(JSON.parse(body)).toEqual({
      version: 1,
      status: 'firing',
      alert,
      rule: telling().rule,
      url: 'http://hopscope/alerts/a',
    })
    expect(headers['idempotency-key']).toBe('the-key')
    expect(headers['x-hopscope-signature']).toBe(`sha256=${createHmac('sha256', 'secret').update(body).digest('hex')}`)
    await send(target('webhook'), null, telling(), local)
    expect(got[1]!.headers['x-hopscope-signature']).toBeUndefined()
  })

  it('is, for people, what became slower by how much since when, and why', async () => {
    await send(target('slack'), null, telling(), local)
    const slack = JSON.parse(got[0]!.body) as { text: string; blocks: { text: { text: string } }[] }
    expect(slack.text).toBe(`Firing: r. cart &lt;1&gt;: ${sentence}`)
    expect(slack.blocks[1]!.text.text).toContain('*Likely cause*: version = 1.29, 97 % of the added time')
    expect(slack.blocks[1]!.text.text).toContain('deploy cart 1.29')
    await send(target('teams'), null, telling('resolved'), local)
    const teams = JSON.parse(got[1]!.body) as {
      attachments: { contentType: string; content: { body: { text?: string }[] } }[]
    }
    expect(teams.attachments[0]!.contentType).toBe('application/vnd.microsoft.card.adaptive')
    expect(teams.attachments[0]!.content.body.map(({ text }) => text).slice(0, 2)).toEqual([
      'Resolved: r',
      `cart <1>: ${sentence}`,
    ])
  })

  it('is, for PagerDuty, one incident for each life of an alert', async () => {
    await send(target('pagerduty'), 'routing', telling(), local)
    await send(target('pagerduty'), 'routing', telling('resolved'), local)
    const [trigger, resolve] = got.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
    expect(trigger).toMatchObject({
      ...{ routing_key: 'routing', event_action: 'trigger', client_url: 'http://hopscope/alerts/a' },
      payload: { severity: 'warning', source: 'cart <1>', timestamp: '2023-11-14T22:23:20.000Z' },
    })
    expect(resolve).toEqual({ routing_key: 'routing', event_action: 'resolve', dedup_key: trigger!['dedup_key'] })
    expect(await send(target('pagerduty'), null, telling(), local)).toMatchObject({
      ok: false,
      detail: matching(/integration key/),
    })
  })

  it('is, for Alertmanager, an alert with the same labels at its end', async () => {
    await send(target('alertmanager'), null, telling(), local)
    await send(target('alertmanager', '/am/api/v2/alerts'), null, telling('resolved'), local)
    expect(got.map(({ path }) => path)).toEqual(['/api/v2/alerts', '/am/api/v2/alerts'])
    const [[firing], [resolved]] = got.map(({ body }) => JSON.parse(body) as Record<string, string>[]) as [
      Record<string, string>[],
      Record<string, string>[],
    ]
    expect(firing!['labels']).toEqual(resolved!['labels'])
    expect(firing!['labels']).toMatchObject({ alertname: 'r', proxy: 'cart <1>', severity: 'warning' })
    expect(Date.parse(firing!['endsAt']!)).toBeGreaterThan(Date.parse(resolved!['endsAt']!) + 86_400_000)
  })

  it.each([
    [500, {}, { permanent: false }],
    [429, { 'retry-after': '7' }, { permanent: false, retryAfterMs: 7000 }],
    [404, {}, { permanent: true }],
    [302, { location: 'http://169.254.169.254/latest' }, { permanent: true }],
  ])('refused with %i says whether trying again can help, and follows nobody', async (status, headers, expected) => {
    answer = (response) => response.writeHead(status, headers).end('<h1>no</h1>')
    expect(await send(target('webhook'), null, telling(), local)).toMatchObject({
      ok: false,
      detail: `HTTP ${status}: <h1>no</h1>`,
      ...expected,
    })
    expect(got).toHaveLength(1)
  })

  it('is tried again where nobody listens, or somebody hangs up', async () => {
    answer = (response) => response.destroy()
    expect(await send(target('webhook'), null, telling(), local)).toMatchObject({ ok: false, permanent: false })
    expect(await send({ ...target('webhook'), url: 'http://127.0.0.1:9' }, null, telling(), local)).toMatchObject({
      ok: false,
      permanent: false,
    })
  })

  it('that hangs, or goes on answering without end, holds nobody up and is tried again', async () => {
    answer = () => undefined
    expect(await send(target('webhook'), null, telling(), local, 100)).toMatchObject({
      ...{ ok: false, permanent: false, detail: matching(/^no answer in/) },
    })
    answer = (response) => {
      response.writeHead(500)
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 5)
      response.on('close', () => clearInterval(timer))
    }
    expect(await send(target('webhook'), null, telling(), local)).toMatchObject({ ok: false, permanent: false })
  })

  it('needs its secret to be where it is said to be', async () => {
    expect(await send(target('webhook'), { env: 'NO_SUCH_VARIABLE' }, telling(), local)).toMatchObject({
      ok: false,
      permanent: true,
      detail: matching(/NO_SUCH_VARIABLE/),
    })
    expect(await send(target('webhook'), { file: '/no/such/file' }, telling(), local)).toMatchObject({
      ok: false,
      permanent: true,
      detail: matching(/ENOENT/),
    })
    process.env['HOOK_SECRET'] = 'from-env'
    await send(target('webhook'), { env: 'HOOK_SECRET' }, telling(), local)
    expect(got[0]!.headers['x-hopscope-signature']).toBe(
      `sha256=${createHmac('sha256', 'from-env').update(got[0]!.body).digest('hex')}`,
    )
  })
})

describe('what may be reached', () => {
  const nobody = parseAllowed('')
  it.each([
    ...[
      '127.0.0.1',
      '10.1.2.3',
      '172.31.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '255.255.255.255',
    ],
    ...['::1', '::', 'fe80::1', 'fd00:ec2::254', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '::7f00:1'],
  ])('is not %s', (address) => {
    expect(forbidden('a.example', address, nobody)).toMatch(/not outside/)
  })

  it('is the outside, and what is named', () => {
    for (const address of ['93.184.216.34', '2606:4700::1'])
      expect(forbidden('a.example', address, nobody)).toBeUndefined()
    const some = parseAllowed('hook.internal, 10.0.0.0/8, ::1')
    expect(['10.9.9.9', '::1', '::ffff:10.0.0.1'].map((address) => forbidden('x', address, some))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(forbidden('Hook.Internal', '192.168.0.9', some)).toBeUndefined()
    expect(forbidden('x', '192.168.0.9', some)).toMatch(/not outside/)
    for (const bad of ['10.0.0.0/33', 'a b', 'x/8', '::1/129']) expect(() => parseAllowed(bad)).toThrow(/neither/)
  })

  it('is checked after a name was resolved, and of an address as it is written', async () => {
    for (const url of [
      'http://localhost:9/',
      'http://127.0.0.1:9/',
      'http://[::1]:9/',
      'http://0x7f.1:9/',
      'http://2130706433:9/',
    ])
      expect(await send({ ...target('webhook'), url }, null, telling(), nobody)).toMatchObject({
        ok: false,
        permanent: true,
        detail: matching(/not outside/),
      })
    expect(got).toEqual([])
  })
})

const json = { 'content-type': 'application/json' }
const ask = (method: string, path: string, body?: unknown) =>
  fetch(`${api.url}/api/v1/notification-targets${path}`, {
    method,
    headers: json,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

describe('a target', () => {
  it('is stored, tested, changed and deleted, and never gives out its secret', async () => {
    const created = await ask('POST', '', { kind: 'webhook', name: 'hook', url: `${base}/t`, secret: 'hush-hush' })
    expect(created.status).toBe(201)
    const one = Target.parse(await created.json())
    expect(one).toMatchObject({ hasSecret: true, secretFrom: null, waiting: 0, dead: 0, last: null })
    const tested = TargetTest.parse(await (await ask('POST', `/${one.id}/test`, {})).json())
    expect(tested).toMatchObject({ ok: true, detail: 'HTTP 200' })
    expect(got[0]!.headers['x-hopscope-signature']).toBe(
      `sha256=${createHmac('sha256', 'hush-hush').update(got[0]!.body).digest('hex')}`,
    )
    // Without a secret the one before stays.
    await ask('PUT', `/${one.id}`, { kind: 'webhook', name: 'hook 2', url: `${base}/t` })
    await ask('POST', `/${one.id}/test`, {})
    expect(got[1]!.headers['x-hopscope-signature']).toMatch(/^sha256=/)
    await ask('PUT', `/${one.id}`, { kind: 'webhook', name: 'hook 2', url: `${base}/t`, secret: { env: 'HOOK' } })
    const everything =
      (await Promise.all(['', `/${one.id}`].map(async (path) => (await ask('GET', path)).text()))).join() +
      (await (await fetch(`${api.url}/api/v1/audit`)).text())
    expect(everything).toContain('env HOOK')
    expect(everything).not.toContain('hush-hush')
    expect((await ask('DELETE', `/${one.id}`)).status).toBe(200)
    expect(TargetList.parse(await (await ask('GET', '')).json()).items).toEqual([])
  })

  it.each([
    [{ kind: 'fax' }, 'kind'],
    [{ kind: 'slack', name: 'x', url: 'ftp://a' }, 'url'],
    [{ kind: 'slack', name: '', url: 'https://a.example' }, 'name'],
    [{ kind: 'webhook', name: 'x', url: 'https://a.example', secret: { env: 'A B' } }, 'secret.env'],
  ])('that is none is refused: %j', async (body, field) => {
    const response = await ask('POST', '', body)
    expect([response.status, Problem.parse(await response.json()).field]).toEqual([400, field])
  })
})

describe('the outbox', () => {
  const store = async (more: Partial<Notification> & { key?: string; atMs?: number } = {}) => {
    const { key = randomUUID(), atMs = Date.now() - 1000, ...body } = more
    const whole: Notification = { ...telling(), targetId: id, attempts: 0, nextMs: atMs, error: '', ...body }
    await writeDocuments(api.db.clickhouse, [
      { kind: 'notification', about: key.slice(0, 8), id: key, revision: atMs, atMs, state: 'waiting', body: whole },
    ])
    return key
  }
  const stateOf = async (key: string) =>
    (await readDocuments<Notification>(api.db.clickhouse, { kinds: ['notification'], id: key }))[0]!
  let id = ''
  beforeAll(async () => {
    id = Target.parse(await (await ask('POST', '', { kind: 'webhook', name: 'box', url: `${base}/box` })).json()).id
  })
  const box = () => outbox(api.db.clickhouse, local, quiet)

  it('sends each once, under its key, and notes it', async () => {
    const keys = [await store(), await store()]
    const one = box()
    await one.turn()
    await one.turn()
    expect(got.map(({ headers }) => headers['idempotency-key']).sort()).toEqual(keys.sort())
    expect(await stateOf(keys[0]!)).toMatchObject({ state: 'sent', body: { attempts: 1, error: '' } })
  })

  it('tries again later what failed for now, gives up what was refused or took a day, and does not let a silent target hold up others', async () => {
    answer = (response) => response.writeHead(503).end()
    const later = await store()
    const old = await store({ atMs: Date.now() - 25 * 3_600_000 })
    await box().turn()
    const { state, body } = await stateOf(later)
    expect([state, body.attempts, body.error]).toEqual(['waiting', 1, 'HTTP 503'])
    expect(body.nextMs - Date.now()).toBeGreaterThan(retryAfterMs(1) - 2_000)
    expect(await stateOf(old)).toMatchObject({ state: 'dead' })
    answer = (response) => response.writeHead(410).end()
    const refused = await store()
    await box().turn()
    expect((await stateOf(refused)).state).toBe('dead')
    // Not yet its time.
    expect((await stateOf(later)).body.attempts).toBe(1)
    const { items } = TargetList.parse(await (await ask('GET', '')).json())
    expect(items.find((one) => one.id === id)).toMatchObject({ waiting: 1, dead: 2, last: { ok: false } })
  })

  it('lists what was given up with the reason, and sends it again when somebody asks for it', async () => {
    answer = (response) => response.writeHead(410).end()
    const key = await store()
    await box().turn()
    const letters = async () => DeadLetters.parse(await (await ask('GET', `/${id}/dead-letters`)).json()).items
    const letter = (await letters()).find((one) => one.key === key)!
    expect(letter).toMatchObject({ status: 'firing', attempts: 1, error: 'HTTP 410' })
    answer = (response) => response.writeHead(200).end()
    const response = await ask('POST', `/${id}/dead-letters`, { keys: [key, 'unknown'] })
    expect(Target.parse(await response.json())).toMatchObject({ id, waiting: expect.any(Number) as number })
    expect((await letters()).map((one) => one.key)).not.toContain(key)
    await box().turn()
    expect(await stateOf(key)).toMatchObject({ state: 'sent' })
    expect(got.at(-1)!.headers['idempotency-key']).toBe(key)
    expect((await ask('POST', `/${id}/dead-letters`, { keys: [] })).status).toBe(400)
    expect((await ask('GET', `/${'0'.repeat(16)}/dead-letters`)).status).toBe(404)
  })

  it('tells the end of an alert after its beginning', async () => {
    answer = (response) => response.writeHead(503).end()
    const about = randomUUID().slice(0, 8)
    const atMs = Date.now() - 5_000
    await store({ key: `${about}-firing`, atMs })
    const end = await store({ key: `${about}-resolved`, atMs: atMs + 1000, status: 'resolved' })
    await box().turn()
    expect(got.map(({ headers }) => headers['idempotency-key'])).toContain(`${about}-firing`)
    expect((await stateOf(end)).body.attempts).toBe(0)
  })

  it('sends a target thirty in ten minutes, and keeps the rest for later', async () => {
    for (let i = 0; i < 34; i++) await store()
    const one = box()
    for (let i = 0; i < 8; i++) await one.turn()
    expect(got.filter(({ path }) => path === '/box').length).toBeLessThanOrEqual(30)
    expect(got.length).toBe(30)
  })
})

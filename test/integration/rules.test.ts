import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RulesInForce, TriedRules, type TryRulesRequest } from '../../server/api/contract-rules.ts'
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
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const span = (service: string, spanId: string, parentSpanId: string, kind: number, fromUs: number, toUs: number) => ({
    resource: { attributes: [attribute('service.name', service)] },
    scopeSpans: [
      {
        scope: { name: 'test' },
        spans: [
          {
            ...{ traceId, spanId, parentSpanId, kind, name: 'GET' },
            startTimeUnixNano: String(base + BigInt(fromUs * 1000)),
            endTimeUnixNano: String(base + BigInt(toUs * 1000)),
            attributes: [attribute('http.request.method', 'GET'), attribute('url.path', '/orders')],
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
  // What is acknowledged is on disk, and in ClickHouse a moment later.
  await eventually(async () => (await fetch(`${hopscope.apiUrl}/api/v1/traces/${traceId}`)).ok)
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

describe('npm run reanalyse', () => {
  const port = () => new URL(hopscope.apiUrl).port
  async function run(...args: string[]) {
    const program = fileURLToPath(new URL('../../dist/process/reanalyse.js', import.meta.url))
    const child = spawn(process.execPath, [program, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { stdout, stderr, code: code as number }
  }

  it('gives settled traces the rules of now, on every list, and tells how far it is', async () => {
    expect(await listed()).toEqual(['ocelot', 'ocelot-two'])
    const { code, stdout, stderr } = await run('--from', 'now-1h', '--to=now', `--port=${port()}`)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').at(-2)).toBe('done: 2 of 2 traces')
    expect(await listed()).toEqual(['ocelot-two'])
    const { items: proxies } = await get<{ items: { id: string }[] }>('/api/v1/proxies')
    const { items: hops } = await get<{ items: { via: string[]; requests: number }[] }>('/api/v1/hops')
    const through = hops.filter(({ via }) => via.length > 0)
    expect(through).toMatchObject([{ via: [proxies[0]!.id], requests: 2 }])
    const again = await run('--from', 'now-3h', '--to', 'now-2h', `--port=${port()}`)
    expect([again.code, again.stdout.split('\n').at(-2)]).toEqual([0, 'done: 0 of 0 traces'])
  })

  it('ends with 1 and a line when it is refused, when hopscope does not run, and when it is not told enough', async () => {
    const refused = await run('--from', 'yesterday', '--to', 'now', `--port=${port()}`)
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^cannot reanalyse: from: neither now.*\n$/),
    ])
    const alone = await run('--from', 'now-1h', '--to', 'now', '--port=1')
    expect([alone.code, alone.stderr]).toEqual([
      1,
      expect.stringMatching(/^cannot reanalyse: hopscope does not answer at 127.*:1.*\n$/),
    ])
    const unknown = await run('--from', 'now-1h', '--to', 'now', '--prot=1')
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/^cannot reanalyse: --prot=1 .*\n$/)])
    const little = await run('--from', 'now-1h')
    expect([little.code, little.stdout]).toEqual([1, expect.stringContaining('npm run reanalyse')])
  })
})

const inForce = async () => RulesInForce.parse(await get('/api/v1/rules'))

it('are shown with their file, and what is wrong with it now', async () => {
  const before = await inForce()
  expect(before).toMatchObject({ file, rules: 1, source: rules('ocelot-two'), problems: [] })
  expect(Math.abs(Number(BigInt(before.readUnixNano!) / 1_000_000n) - Date.now())).toBeLessThan(600_000)
  writeFileSync(file, 'rules:\n  - { name: x }\n')
  const problems = await eventually(async () => {
    const found = (await inForce()).problems
    return found.length > 0 && found
  })
  expect(problems[0]).toEqual({ line: 2, reason: expect.stringContaining('rules.0.match') as string })
  expect(await inForce()).toMatchObject({ rules: 1, source: rules('ocelot-two') })
  writeFileSync(file, rules('ocelot-two'))
  await eventually(async () => (await inForce()).problems.length === 0)
})

const ask = (body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(`${hopscope.apiUrl}/api/v1/rules/try`, {
    method: 'POST',
    signal: signal ?? null,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
async function trying(request: TryRulesRequest): Promise<TriedRules> {
  const response = await ask(request)
  if (response.status !== 200) throw new Error(await response.text())
  return TriedRules.parse(await response.json())
}

/** A process of this hopscope that tries rules. */
function isTrying(pid: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return command.includes('try-rules-child') && readlinkSync(`/proc/${pid}/cwd`) === hopscope.dataDir
  } catch {
    return false
  }
}

const children = () => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isTrying(pid))

describe('trying rules', () => {
  it('tells what they would change of what is stored, and changes nothing', async () => {
    const traceId = await send()
    const source = `rules:
      - { name: never, match: { service: nobody }, is: { family: x, role: gateway } }
      - { name: yarp, match: { service: { prefix: oce } }, is: { family: yarp, role: gateway, workload: front } }
      - { name: too late, match: { service: ocelot }, is: { role: app } }`
    const tried = await trying({ source })
    expect(tried.problems).toEqual([])
    expect(tried.rules.map(({ name, spans }) => [name, spans > 0])).toEqual([
      ['never', false],
      ['yarp', true],
      ['too late', false],
    ])
    expect(tried.looked.spans).toBe(tried.stored)
    expect(tried.matched).toBe((tried.stored * 2) / 3)
    expect(tried.changes).toHaveLength(1)
    const [change] = tried.changes
    expect(change).toMatchObject({
      before: { name: 'edge', family: 'ocelot-two', role: 'gateway' },
      after: { name: 'front', family: 'yarp', role: 'gateway' },
      spans: tried.matched,
      traces: tried.looked.traces,
    })
    expect(change!.examples[0]).toBe(traceId)
    expect(await families(traceId)).toEqual([['ocelot-two', 'edge', 200_000]])
    expect((await inForce()).source).toBe(rules('ocelot-two'))
  })

  it('without rules tells what those in force do', async () => {
    const { changes, matched } = await trying({ source: 'rules: []', minutes: 60 })
    expect(matched).toBe(0)
    expect(changes.map(({ before, after }) => [before.family, after])).toEqual([
      ['ocelot-two', { name: 'ocelot', family: '', role: 'app' }],
    ])
  })

  it.each([
    ['rules: [', 1],
    ['rules:\n  - name: x\n    match: { service: x }\n    is: { role: router }', 4],
    ['rules:\n  - name: x\n    match: { span: { regex: "(a+)+$" } }\n    is: { role: app }', 3],
    ['[' + 'x,'.repeat(100), 1],
  ])('says line and reason of %j', async (source, line) => {
    const { problems, changes, stored } = await trying({ source })
    expect(problems[0]!.line).toBe(line)
    expect(problems[0]!.reason).not.toBe('')
    expect([changes, stored]).toEqual([[], 0])
  })

  it('goes on while somebody pastes what keeps a parser busy, ends that, and lets two of them be busy at once', async () => {
    const started = performance.now()
    const source = Array.from({ length: 25_000 }, (_, i) => `k${i}: 1`).join('\n')
    const slow = [ask({ source }), ask({ source })]
    await eventually(() => children().length === 2)
    expect((await inForce()).rules).toBe(1)
    const third = await ask({ source })
    expect(third.status).toBe(503)
    expect(third.headers.get('retry-after')).toBe('2')
    for (const response of await Promise.all(slow)) expect([200, 422]).toContain(response.status)
    expect(performance.now() - started).toBeLessThan(90_000)
    expect((await trying({ source: 'rules: []' })).problems).toEqual([])
  })

  it('ends with the client that asked', async () => {
    const source = Array.from({ length: 25_000 }, (_, i) => `k${i}: 1`).join('\n')
    const client = new AbortController()
    const asked = ask({ source }, {}, client.signal).catch((error: Error) => error.name)
    await eventually(() => children().length > 0)
    client.abort()
    expect(await asked).toBe('AbortError')
    await eventually(() => children().length === 0)
  })

  it('refuses what is no question of this page', async () => {
    const status = async (body: unknown, headers?: Record<string, string>) => (await ask(body, headers)).status
    expect(await status({ source: 'x'.repeat(262_145) })).toBe(400)
    expect(await status({ source: 'x'.repeat(2_000_000) })).toBe(413)
    expect(await status('{"source":')).toBe(400)
    expect(await status('\u0000\u0001\u0002')).toBe(400)
    expect(await status('null')).toBe(400)
    expect(await status({ source: 5 })).toBe(400)
    expect(await status({ source: '', minutes: 61 })).toBe(400)
    expect(await status({ source: '', also: 1 })).toBe(400)
    expect(await status({ source: '' }, { 'content-type': 'text/plain' })).toBe(415)
    expect(await status({ source: '' }, { 'content-encoding': 'gzip' })).toBe(415)
    expect(await status({ source: 'rules: []' }, { origin: 'https://evil.example' })).toBe(403)
    expect(await status({ source: 'rules: []' }, { origin: hopscope.apiUrl })).toBe(200)
    const got = await fetch(`${hopscope.apiUrl}/api/v1/rules/try`)
    expect([got.status, got.headers.get('allow'), got.headers.get('content-type')]).toEqual([
      405,
      'POST',
      expect.stringContaining('problem+json'),
    ])
  })
})

it('stop a start with an error in one line', async () => {
  const bad = join(directory, 'bad.yaml')
  writeFileSync(bad, 'rules:\n  - { name: x, match: { service: x }, is: { role: router } }\n')
  const { code, stderr, stdout } = await runHopscope({ HOPSCOPE_RULES_FILE: bad })
  expect(code).not.toBe(0)
  expect(stderr + stdout).toMatch(/HOPSCOPE_RULES_FILE=.*bad\.yaml: line 2: rules\.0\.is\.role/)
})

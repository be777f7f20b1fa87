import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem } from '../../server/api/contract.ts'
import { Reanalysis, ReanalysisList } from '../../server/api/contract-reanalyses.ts'
import { startMeasuredApi, writeTraffic, day, type MeasuredApi } from './measured-api.ts'

/** What can be asked to be analysed again, and what is refused; nobody does it here. */
let api: MeasuredApi
beforeAll(async () => {
  api = await startMeasuredApi()
  await writeTraffic(api.db, 300)
}, 300_000)
afterAll(() => api?.stop())

const json = { 'content-type': 'application/json' }
const post = (body: string, headers: Record<string, string> = json) =>
  fetch(`${api.url}/api/v1/reanalyses`, { method: 'POST', headers, body })
const window = { from: new Date(day).toISOString(), to: String(day + 86_400_000) }
const openOnes = async () =>
  ReanalysisList.parse(await (await fetch(`${api.url}/api/v1/reanalyses`)).json()).items.filter(
    ({ state }) => state === 'requested',
  )

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  const problem = Problem.parse(await response.json())
  expect(problem.status).toBe(response.status)
  return problem
}

describe('a request to analyse again', () => {
  it('is taken, found by its id, listed newest first, and cancelled', async () => {
    const response = await post(JSON.stringify(window))
    expect(response.status).toBe(202)
    const asked = Reanalysis.parse(await response.json())
    expect(asked).toMatchObject({ state: 'requested', from: `${day}000000`, to: `${day + 86_400_000}000000` })
    expect(asked).toMatchObject({ traces: 300, reanalysed: 0, kept: 0, failed: 0 })
    const url = api.url + response.headers.get('location')!
    expect(await (await fetch(url)).json()).toEqual(asked)
    const second = Reanalysis.parse(await (await post(JSON.stringify({ from: 'now-1h', to: 'now' }))).json())
    expect((await openOnes()).map(({ id }) => id)).toEqual([second.id, asked.id])
    for (const path of [url, `${api.url}/api/v1/reanalyses/${second.id}`])
      expect(await (await fetch(path, { method: 'DELETE' })).json()).toMatchObject({ state: 'cancelled' })
    expect(await openOnes()).toEqual([])
  })

  it.each([
    ['{}', 'from'],
    ['[]', ''],
    ['null', ''],
    ['"now"', ''],
    ['{"from":"yesterday","to":"now"}', 'from'],
    ['{"from":0,"to":"now"}', 'from'],
    ['{"from":"now-1h"}', 'to'],
    ['{"from":"now-1h","to":null}', 'to'],
    ['{"from":"now","to":"now-1h"}', 'from'],
    ['{"from":"1795910115108","to":"1795910115108"}', 'from'],
    ['{"from":"now-401d","to":"now"}', 'from'],
    ['{"from":"1970-01-01","to":"2099-01-01"}', 'from'],
    ['{"from":"0001-01-01T00:00:00Z","to":"now"}', 'from'],
    ['{"from":"now-1h","to":"9999-12-31T23:59:59Z"}', 'to'],
    ['{"from":"now-1h","to":"99999999999999999999"}', 'to'],
    ['{"from":"now-1h\'); DROP TABLE traces --","to":"now"}', 'from'],
    ['{"from":"now-1h","to":"now","id":"1"}', 'id'],
    ['{"from":"now-1h","to":"now","__proto__":{}}', '__proto__'],
  ])('%s is refused and names "%s"', async (body, field) => {
    const response = await post(body)
    expect(response.status).toBe(400)
    expect((await problemOf(response)).field ?? '').toBe(field)
    expect(await openOnes()).toEqual([])
  })

  it.each<[string, string, Record<string, string>, number]>([
    ['no JSON', '{"from":', json, 400],
    ['an empty body', '', json, 400],
    ['nesting without end', '['.repeat(4_000), json, 400],
    [
      'a form, which any page may send',
      'from=now-1h&to=now',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
    ],
    ['text, which any page may send', JSON.stringify(window), { 'content-type': 'text/plain' }, 415],
    ['another charset', JSON.stringify(window), { 'content-type': 'application/json; charset=latin1' }, 415],
    ['a body that is too large', JSON.stringify({ ...window, x: 'x'.repeat(5_000) }), json, 413],
  ])('%s is refused', async (_, body, headers, status) => {
    const response = await post(body, headers)
    expect([response.status, (await problemOf(response)).title]).toEqual([status, expect.any(String)])
    expect(await openOnes()).toEqual([])
  })

  it.each(['http://evil.example', 'http://127.0.0.1:1', 'null', 'file://'])(
    'by a page of %s is refused, and so is its DELETE',
    async (origin) => {
      expect((await post(JSON.stringify(window), { ...json, origin })).status).toBe(403)
      const path = `${api.url}/api/v1/reanalyses/00000000000000ff`
      expect((await fetch(path, { method: 'DELETE', headers: { origin } })).status).toBe(403)
      // Nor is a browser told that it may.
      const asked = await fetch(`${api.url}/api/v1/reanalyses`, { method: 'OPTIONS', headers: { origin } })
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([405, null])
      expect(await openOnes()).toEqual([])
    },
  )

  it('under a name that only resolves to this machine is refused', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { ...json, host: 'evil.example' }
      const asking = request(`${api.url}/api/v1/reanalyses`, { method: 'POST', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asking.once('error', reject)
      asking.end(JSON.stringify(window))
    })
    expect(status).toBe(421)
  })

  it('of its own page is taken', async () => {
    const response = await post(JSON.stringify(window), { ...json, origin: api.url })
    expect(response.status).toBe(202)
    await fetch(api.url + response.headers.get('location')!, { method: 'DELETE' })
  })

  it.each(['00000000000000ff', '0'.repeat(16)])('%s is not found', async (id) => {
    for (const method of ['GET', 'DELETE']) {
      const response = await fetch(`${api.url}/api/v1/reanalyses/${id}`, { method })
      expect(response.status).toBe(404)
      await problemOf(response)
    }
  })

  it.each(['1', 'x'.repeat(16), "1'%20OR%201=1"])('the id %s is refused', async (id) => {
    expect((await problemOf(await fetch(`${api.url}/api/v1/reanalyses/${id}`))).field).toBe('id')
  })

  it('is refused while many wait', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(JSON.stringify(window))))
    const ids = new Set(await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id)))
    expect(ids.size).toBe(20)
    const response = await post(JSON.stringify(window))
    expect(response.status).toBe(409)
    await problemOf(response)
    for (const id of ids) await fetch(`${api.url}/api/v1/reanalyses/${id}`, { method: 'DELETE' })
    expect(await openOnes()).toEqual([])
  })
})

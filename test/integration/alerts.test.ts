import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quiet as silent } from '../harness.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  AlertPreview,
  AlertRule,
  AlertRuleList,
  ImportedRules,
  RuleExport,
} from '../../server/api/contract-alert-rules.ts'
import { AlertDetail, AlertList, AuditList, SilenceList, StandingSilence } from '../../server/api/contract-alerts.ts'
import { BudgetList } from '../../server/api/contract-budgets.ts'
import { Overview } from '../../server/api/contract-measurements.ts'
import { Problem } from '../../server/api/contract.ts'
import { evaluateTick, type TickKind } from '../../server/alerts/run/evaluate.ts'
import { ruleFiles } from '../../server/alerts/run/rule-files.ts'
import { readBook } from '../../server/alerts/run/stored.ts'
import { watching } from '../../server/alerts/run/watching.ts'
import { nameProxies, writeMinutes, type Stretch } from './alert-traffic.ts'
import { startMeasuredApi, type MeasuredApi } from './measured-api.ts'

/** Rules, their evaluation over rollups, and the life of alerts, by the API. */
const minute = 60_000
const hour = 60 * minute
/** The end of the traffic, an hour ago: an hour's full stop. */
const end = Math.floor(Date.now() / hour) * hour - hour
const proxy = (n: number) => n.toString(16).padStart(16, 'a')
const [slow, still, quiet] = [proxy(1), proxy(2), proxy(3)] as const
/** When one of them became 40 % slower. */
const changed = end - 2 * hour

let api: MeasuredApi
beforeAll(async () => {
  api = await startMeasuredApi()
  const { clickhouse } = api.db
  const usual: Omit<Stretch, 'id'> = {
    ...{ kind: 'proxy', metric: 'added', fidelity: 'modelled', fromMs: end - 30 * hour, toMs: end, perMinute: 60 },
    medianNs: () => 2e6,
  }
  await writeMinutes(clickhouse, [
    { ...usual, id: slow, medianNs: (at) => (at >= changed ? 2.8e6 : 2e6) },
    { ...usual, id: still },
    ...Array.from({ length: 10 }, (_, i) => ({ ...usual, id: proxy(10 + i), medianNs: () => (1 + i / 5) * 1e6 })),
    // Its traces end half an hour before the others'.
    { ...usual, id: quiet, toMs: end - 30 * minute, medianNs: () => 9e6 },
  ])
  await nameProxies(clickhouse, { [slow]: 'cart', [still]: 'pay', [quiet]: 'search' })
})
afterAll(() => api?.stop())

const json = { 'content-type': 'application/json' }
const ask = (method: string, path: string, body?: unknown) =>
  fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: json,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
const made = async (body: unknown) => {
  const response = await ask('POST', 'alert-rules', body)
  if (response.status !== 201) throw new Error(await response.text())
  return AlertRule.parse(await response.json())
}
const problemOf = async (body: unknown, path = 'alert-rules') => {
  const response = await ask('POST', path, body)
  return Problem.parse(await response.json())
}

/** Evaluations as a process has them that starts anew for each of them: all that it knows comes from ClickHouse. */
async function evaluate(kind: TickKind, ...instants: number[]): Promise<void> {
  const { clickhouse } = api.db
  const seen = watching(clickhouse)
  const intervalMs = kind === 'threshold' ? minute : 5 * minute
  for (const atMs of instants) {
    const own = await evaluateTick(
      { kind, atMs, intervalMs },
      {
        ...{
          clickhouse,
          book: await readBook(clickhouse),
          watching: seen,
          holder: 'test',
          publicUrl: 'http://hopscope',
        },
        options: { signal: new AbortController().signal, queryId: randomUUID() },
      },
    )
    expect(own).toBe(true)
  }
}
const every = (from: number, to: number, step: number) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)
const alerts = (query: Record<string, string> = {}) => api.get(AlertList, 'alerts', query)
const threshold = {
  kind: 'threshold',
  name: 'cart adds too much',
  measure: 'added',
  filter: { proxy: slow },
  valueNs: 2_500_000,
}

describe('a rule', () => {
  it('is stored with every default in its place, changed, and deleted', async () => {
    const rule = await made({ kind: 'threshold', name: 'a', measure: 'transit', valueNs: 5e6 })
    expect(rule).toMatchObject({
      source: 'api',
      quantile: 0.95,
      op: '>',
      windowMs: 60_000,
      forMs: 600_000,
      enabled: true,
      filter: {},
    })
    const changed = await ask('PUT', `alert-rules/${rule.id}`, {
      kind: 'threshold',
      name: 'b',
      measure: 'transit',
      valueNs: 6e6,
      enabled: false,
    })
    expect(AlertRule.parse(await changed.json())).toMatchObject({
      id: rule.id,
      name: 'b',
      valueNs: 6e6,
      enabled: false,
    })
    expect(await api.get(AlertRule, `alert-rules/${rule.id}`)).toMatchObject({ name: 'b' })
    expect((await ask('DELETE', `alert-rules/${rule.id}`)).status).toBe(200)
    expect((await ask('GET', `alert-rules/${rule.id}`)).status).toBe(404)
    const { items } = await api.get(AuditList, 'audit')
    expect(items.filter(({ id }) => id === rule.id).map(({ what }) => what)).toEqual([
      'rule deleted',
      'rule changed',
      'rule created',
    ])
  })

  it('that is built in may be turned off, and is not deleted', async () => {
    const { items } = await api.get(AlertRuleList, 'alert-rules')
    const builtIn = items.filter(({ source }) => source === 'built-in')
    expect(builtIn.map(({ kind, measure }) => `${kind} ${measure}`)).toEqual(
      expect.arrayContaining(['regression added', 'regression transit', 'regression endToEnd']),
    )
    const {
      id,
      source: _s,
      file: _f,
      changedUnixNano: _c,
      alerts: _a,
      ...body
    } = builtIn.find(({ measure }) => measure === 'endToEnd')!
    expect((await ask('DELETE', `alert-rules/${id}`)).status).toBe(409)
    expect(
      AlertRule.parse(await (await ask('PUT', `alert-rules/${id}`, { ...body, enabled: false })).json()),
    ).toMatchObject({ enabled: false, source: 'built-in' })
  })

  it.each([
    [{}, 'kind'],
    [{ ...threshold, kind: 'magic' }, 'kind'],
    [{ ...threshold, name: '  ' }, 'name'],
    [{ ...threshold, measure: 'speed' }, 'measure'],
    [{ ...threshold, valueNs: -1 }, 'valueNs'],
    [{ ...threshold, valueNs: 1.5 }, 'valueNs'],
    [{ ...threshold, valueNs: undefined }, 'valueNs'],
    [{ ...threshold, valueNs: null }, 'valueNs'],
    [{ ...threshold, quantile: 0.4 }, 'quantile'],
    [{ ...threshold, quantile: 'p95' }, 'quantile'],
    [{ ...threshold, op: '>=' }, 'op'],
    [{ ...threshold, windowMs: 90_000 }, 'windowMs'],
    [{ ...threshold, resolveValueNs: 3e6 }, 'resolveValueNs'],
    [{ ...threshold, minCount: 0 }, 'minCount'],
    [{ ...threshold, filter: { hop: slow } }, 'filter.hop'],
    [{ ...threshold, filter: { proxy: 'cart' } }, 'filter.proxy'],
    [{ ...threshold, filter: { proxy: 'b'.repeat(16) } }, 'filter.proxy'],
    [{ ...threshold, filter: { pod: 'x' } }, 'pod'],
    [{ ...threshold, targets: ['b'.repeat(16)] }, 'targets'],
    [{ ...threshold, labels: { a: 1 } }, 'labels.a'],
    [{ ...threshold, wrong: 1 }, 'wrong'],
    [{ kind: 'threshold', name: 'x', measure: 'meshTaxShare', valueNs: 5 }, 'value'],
    [{ kind: 'threshold', name: 'x', measure: 'meshTaxShare', value: 15 }, 'value'],
    [{ kind: 'regression', name: 'x', measure: 'meshTaxShare' }, 'measure'],
    [{ kind: 'regression', name: 'x', measure: 'added', quantile: 0.7 }, 'quantile'],
    [{ kind: 'budget', name: 'x', measure: 'added', valueNs: 5e6, objective: { share: 1 } }, 'objective.share'],
    [
      {
        kind: 'budget',
        name: 'x',
        measure: 'added',
        valueNs: 5e6,
        objective: { share: 0.9, burnRates: [{ longMs: 300_000, shortMs: 300_000, rate: 2 }] },
      },
      'objective.burnRates.0.shortMs',
    ],
  ])('that is none is refused by its field: %j', async (body, field) => {
    const problem = await problemOf(body)
    expect([problem.status, problem.field]).toEqual([400, field])
    expect(problem.detail).toMatch(/\w{3}/)
  })

  it('comes from YAML and goes there, told apart by its name', async () => {
    const source =
      'rules:\n  - { kind: budget, name: from yaml, measure: added, valueNs: 3000000, objective: { share: 0.99 } }\n'
    const post = async (body: unknown) =>
      ImportedRules.parse(await (await ask('POST', 'alert-rules/import', body)).json())
    expect(await post({ source, dryRun: true })).toEqual({ created: ['from yaml'], changed: [], unchanged: [] })
    expect(await post({ source })).toEqual({ created: ['from yaml'], changed: [], unchanged: [] })
    expect(await post({ source })).toEqual({ created: [], changed: [], unchanged: ['from yaml'] })
    expect(await post({ source: source.replace('0.99', '0.9') })).toMatchObject({ changed: ['from yaml'] })
    const written = await api.get(RuleExport, 'alert-rules/export')
    expect(written.source).toContain('name: from yaml')
    expect(await post(written)).toMatchObject({ created: [], changed: [] })
    const { items } = await api.get(AlertRuleList, 'alert-rules')
    await ask('DELETE', `alert-rules/${items.find(({ name }) => name === 'from yaml')!.id}`)
  })

  it('comes from a file of a directory, says from which, and is changed only there', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rules-'))
    const write = (text: string) => writeFileSync(join(directory, 'team-a.yaml'), text)
    const looked = () => ruleFiles(api.db.clickhouse, directory, silent).turn()
    write('- { kind: threshold, name: from a file, measure: added, valueNs: 3000000 }\n')
    await looked()
    const own = async () => (await api.get(AlertRuleList, 'alert-rules')).items.find(({ source }) => source === 'file')
    const rule = (await own())!
    expect(rule).toMatchObject({ name: 'from a file', file: 'team-a.yaml' })
    expect(await api.get(AlertRule, `alert-rules/${rule.id}`)).toMatchObject({ file: 'team-a.yaml' })
    expect((await ask('DELETE', `alert-rules/${rule.id}`)).status).toBe(409)
    write('- 5\n')
    await looked()
    expect(await own()).toEqual(rule)
    expect((await api.get(AlertRuleList, 'alert-rules')).problems.map(({ file }) => file)).toEqual(['team-a.yaml'])
    rmSync(join(directory, 'team-a.yaml'))
    await looked()
    expect(await own()).toBeUndefined()
    rmSync(directory, { recursive: true })
  })

  it.each([
    ['- &a [x]\n- *a\n', /alias/],
    [`a: &a [x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*a,*a]`).join('\n')}`, /alias/],
    ['['.repeat(100_000), /nested/],
    ['- '.repeat(100_000), /nested/],
    ['{a: ', /./],
    ['5', /neither a list/],
    ['- 5', /rule number 1/],
    ['- {kind: threshold, name: n, measure: added}', /rule "n": valueNs/],
    ['- {kind: regression, name: n, measure: added}\n- {kind: regression, name: n, measure: added}', /two rules/],
  ])('file that is none is refused and harms nobody: %.30j', async (source, reason) => {
    const problem = await problemOf({ source }, 'alert-rules/import')
    expect([problem.status, problem.field]).toEqual([400, 'source'])
    expect(problem.detail).toMatch(reason)
  })
})

describe('a threshold', () => {
  it('fires after its time, once, holds without data, and resolves', async () => {
    const rule = await made({
      ...threshold,
      quantile: 0.5,
      minCount: 30,
      forMs: 3 * minute,
      keepFiringMs: 2 * minute,
      labels: { team: 'mesh' },
    })
    await evaluate('threshold', changed - minute, changed)
    expect((await alerts({ rule: rule.id })).items).toEqual([])
    await evaluate('threshold', changed + minute)
    const [pending] = (await alerts({ rule: rule.id })).items
    expect(pending).toMatchObject({
      state: 'pending',
      series: { kind: 'proxy', id: slow, name: 'cart', fidelity: 'modelled' },
      n: 60,
    })
    await evaluate('threshold', ...every(changed + 2 * minute, changed + 5 * minute, minute))
    const [firing] = (await alerts({ rule: rule.id, state: 'firing' })).items
    expect(firing).toMatchObject({
      ...{ id: pending!.id, state: 'firing', dataOk: true, pages: true, quiet: null, labels: { team: 'mesh' } },
      ...{ sinceUnixNano: `${changed + minute}000000`, firedUnixNano: `${changed + 4 * minute}000000` },
    })
    expect(Math.abs(firing!.value! - 2.8e6)).toBeLessThan(0.4e6)
    const { history } = await api.get(AlertDetail, `alerts/${firing!.id}`)
    expect(history.map(({ what }) => what)).toEqual(['firing', 'pending'])
    const overview = await api.get(Overview, 'overview')
    expect(overview.firing.map(({ id }) => id)).toContain(firing!.id)
    // The traffic ends at `end`.
    await evaluate('threshold', end + 10 * minute)
    expect((await alerts({ rule: rule.id })).items[0]).toMatchObject({ state: 'firing', dataOk: false })
    await evaluate('threshold', end + 10 * minute + 6 * hour)
    expect((await alerts({ rule: rule.id })).items[0]).toMatchObject({ state: 'stale' })
    // A rule that goes takes its alerts with it.
    await ask('DELETE', `alert-rules/${rule.id}`)
    await evaluate('threshold', end + 11 * minute + 6 * hour)
    expect((await alerts({ rule: rule.id })).items[0]).toMatchObject({ state: 'resolved' })
  })

  it('is told over history as it would have been', async () => {
    const rule = { ...threshold, quantile: 0.5, minCount: 30, resolveValueNs: 2_200_000 }
    const response = await ask('POST', 'alert-rules/preview', { rule, from: String(end - 24 * hour), to: String(end) })
    const preview = AlertPreview.parse(await response.json())
    expect(preview).toMatchObject({ stepMs: minute, fired: 1, looked: 1, of: 1 })
    const [series] = preview.series
    expect(series!.states.map(({ state }) => state)).toEqual(['inactive', 'pending', 'firing'])
    expect(series!.states[1]!.fromUnixNano).toBe(`${changed + minute}000000`)
    expect(series!.points).toHaveLength(1441)
  })

  it('of a window of several minutes and of any quantile is told over history too, and a budget', async () => {
    const preview = async (rule: unknown) =>
      AlertPreview.parse(
        await (
          await ask('POST', 'alert-rules/preview', { rule, from: String(end - 6 * hour), to: String(end) })
        ).json(),
      )
    const wide = await preview({ ...threshold, quantile: 0.7, windowMs: 10 * minute, valueNs: 2_900_000 })
    expect(wide.fired).toBe(1)
    expect(wide.series[0]!.points.at(-1)!.n).toBe(600)
    const budget = await preview({
      kind: 'budget',
      name: 'b',
      measure: 'added',
      filter: { proxy: slow },
      valueNs: 3_500_000,
      objective: { share: 0.99 },
    })
    expect(budget.fired).toBe(1)
    expect(budget.series[0]!.points[0]!.value).toBeLessThan(14.4)
  })
})

describe('a budget', () => {
  it('says how much of it is left and how fast it is spent, of each that its rule is about', async () => {
    const rule = await made({
      ...{ kind: 'budget', name: 'added within 2.5 ms', measure: 'added', valueNs: 2_500_000 },
      objective: { share: 0.8, windowMs: 24 * hour, burnRates: [{ longMs: 6 * hour, shortMs: 5 * minute, rate: 2 }] },
    })
    const { items, of } = await api.get(BudgetList, 'budgets')
    expect(of).toBe(items.length)
    const one = (id: string) => items.find(({ ruleId, series }) => ruleId === rule.id && series.id === id)!
    for (const { left, over, n } of [one(slow), one(still)]) {
      expect([n, over]).toEqual([expect.any(Number), expect.any(Number)])
      expect(left).toBeCloseTo(1 - over / n / 0.2, 9)
    }
    expect(one(slow).left).toBeLessThan(one(still).left!)
    expect(one(slow).burnRates[0]!.long).toBeGreaterThan(one(still).burnRates[0]!.long!)
    // Its last requests are an hour old.
    expect(one(slow).burnRates[0]!.short).toBeNull()
    const own = await api.get(BudgetList, 'budgets', { proxy: slow })
    // Its figures are of a minute later where one began since.
    expect(own.items.map(({ ruleId, series }) => [ruleId, series.id])).toEqual([[rule.id, slow]])
    expect((await api.get(BudgetList, 'budgets', { hop: slow })).items).toEqual([])
    for (const query of ['proxy=x', `proxy=${slow}&hop=${slow}`, 'shop=1'])
      expect((await ask('GET', `budgets?${query}`)).status).toBe(400)
    await ask('DELETE', `alert-rules/${rule.id}`)
    expect(await api.get(BudgetList, 'budgets')).toMatchObject({ items: [], of: 0 })
  })
})

describe('a regression', () => {
  const rule = '0000000000000001'
  const act = async (id: string, what: string, body: unknown) =>
    AlertDetail.parse(await (await ask('POST', `alerts/${id}/${what}`, body)).json())

  it('that is automatic is found, says since when and how much, and finds nothing else', async () => {
    await evaluate('regression', ...every(changed - 10 * minute, changed + 30 * minute, 5 * minute))
    const items = (await alerts()).items.filter(({ kind }) => kind === 'regression')
    // p50 and p95 of one proxy are one thing to tell.
    expect(new Set(items.map(({ series }) => series.id))).toEqual(new Set([slow]))
    const leads = items.filter(({ partOf }) => partOf === null)
    expect(leads).toHaveLength(1)
    expect(leads[0]!.symptoms.map(({ id }) => id)).toEqual(items.slice(1).map(() => slow))
    expect(leads[0]).toMatchObject({ state: 'firing', pages: true, quiet: null })
    const alert = items.find(({ ruleId }) => ruleId === rule)
    expect(alert).toMatchObject({ state: 'firing', measure: 'added', quantile: 0.5, pages: true })
    expect(alert!.value! / alert!.before!).toBeGreaterThan(1.3)
    expect(alert!.value! / alert!.before!).toBeLessThan(1.5)
    expect(alert!.change!.lo!).toBeLessThanOrEqual(alert!.change!.ratio)
    expect(alert!.change!.hi!).toBeGreaterThanOrEqual(alert!.change!.ratio)
    const startedMs = Number(BigInt(alert!.startedAtUnixNano!) / 1_000_000n)
    expect(Math.abs(startedMs - changed)).toBeLessThanOrEqual(2 * minute)
    expect(Number(BigInt(alert!.firedUnixNano!) / 1_000_000n) - changed).toBeLessThanOrEqual(25 * minute)
  })

  it('is held against what was before it, however long it lasts', async () => {
    await evaluate('regression', ...every(changed + 35 * minute, end, 5 * minute))
    const { items } = await alerts({ rule })
    expect(items).toHaveLength(1)
    expect(items[0]!).toMatchObject({ state: 'firing', dataOk: true })
  })

  it('is silenced, acknowledged and talked about, and ends when somebody says that it is as it should be', async () => {
    const [alert] = (await alerts({ rule })).items
    const { id } = alert!
    expect(await act(id, 'silence', { until: String(Date.now() + hour), by: 'ann', comment: 'we know' })).toMatchObject(
      {
        silencedUntilUnixNano: expect.any(String) as string,
      },
    )
    expect((await alerts()).counts.silenced).toBe(1)
    expect(await act(id, 'silence', { until: 'now-1m', by: 'ann' })).toMatchObject({ silencedUntilUnixNano: null })
    const until = String(Date.now() + hour)
    const standing = await ask('POST', 'silences', {
      matcher: { rule, series: 'CA*t' },
      until,
      by: 'ann',
      comment: 'moving',
    })
    const silence = StandingSilence.parse(await standing.json())
    expect([standing.status, silence]).toMatchObject([
      201,
      { alerts: 1, by: 'ann', comment: 'moving', ruleName: alert!.ruleName, seriesName: null },
    ])
    expect((await alerts({ rule })).items[0]).toMatchObject({ silencedBy: silence.id })
    expect(SilenceList.parse(await (await ask('GET', 'silences')).json()).items).toEqual([silence])
    expect((await ask('DELETE', `silences/${silence.id}`)).status).toBe(200)
    expect((await ask('DELETE', `silences/${silence.id}`)).status).toBe(404)
    const ofOne = await ask('POST', 'silences', { matcher: { fingerprint: alert!.fingerprint }, until })
    const named = StandingSilence.parse(await ofOne.json())
    expect(named.seriesName).toBe(alert!.series.name)
    expect((await ask('DELETE', `silences/${named.id}`)).status).toBe(200)
    expect((await alerts({ rule })).items[0]).toMatchObject({ silencedBy: null, silencedUntilUnixNano: null })
    for (const matcher of [{}, { series: '' }, { rule: 'x' }, { fingerprint: 'proxy:x' }, { shop: 'a' }])
      expect((await ask('POST', 'silences', { matcher, until })).status).toBe(400)
    expect((await ask('POST', 'silences', { matcher: { series: '*' }, until: 'now-1m' })).status).toBe(400)
    expect(await act(id, 'acknowledge', { by: 'bob' })).toMatchObject({ acknowledged: { by: 'bob' } })
    expect((await ask('POST', `alerts/${id}/comment`, { text: '' })).status).toBe(400)
    expect((await ask('POST', `alerts/${'0'.repeat(16)}/comment`, { text: 'x' })).status).toBe(404)
    await act(id, 'comment', { by: 'bob', text: 'the new filter' })
    const { history } = await act(id, 're-baseline', { by: 'ann' })
    expect(history.slice(0, 5).map(({ what }) => what)).toEqual([
      're-baselined',
      'comment',
      'acknowledged',
      'unsilenced',
      'silenced',
    ])
    await evaluate('regression', end + 5 * minute, end + 10 * minute)
    expect((await alerts({ rule })).items[0]).toMatchObject({ id, state: 'resolved' })
  })

  it('is told over history as it would have been', async () => {
    const body = { kind: 'regression', name: 'added', measure: 'added', filter: { family: 'envoy' } }
    const response = await ask('POST', 'alert-rules/preview', {
      rule: body,
      from: String(end - 6 * hour),
      to: String(end),
    })
    const preview = AlertPreview.parse(await response.json())
    expect(preview).toMatchObject({ stepMs: 5 * minute, looked: 3, of: 3, fired: 1 })
    expect(preview.series[0]).toMatchObject({ id: slow, name: 'cart', fired: 1 })
  })
})

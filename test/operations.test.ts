import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { newMetrics } from '../collector/metrics.ts'
import { newAdmission } from '../collector/pipeline/admission.ts'
import { alertMetrics } from '../server/api/alert-metrics.ts'
import { finaliserMetrics } from '../server/finaliser/metrics.ts'
import type { ClickHouse } from '../storage/clickhouse.ts'
import { newMeter } from '../telemetry/meter.ts'
import { observe } from '../telemetry/requests.ts'
import { quiet } from './harness.ts'

/** docs/operations.md against the code. */
const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')

it('has every metric that the code registers, and none that it does not', () => {
  const collector = newMeter('hopscope_collector_')
  const metrics = newMetrics(newAdmission(1), collector)
  metrics.caches(() => ({}))
  metrics.spool(() => {
    throw new Error('nobody looks')
  })
  const server = newMeter('hopscope_server_')
  finaliserMetrics(server).watch(() => ({ openTraces: 0, queuedSpans: 0, backlogSeconds: 0 }))
  observe(server)
  alertMetrics(server, {} as ClickHouse, quiet)
  const ofNode = /^hopscope_(?:collector|server)_(?:process|nodejs)_/
  const registered = [...collector.names(), ...server.names()].filter((name) => !ofNode.test(name)).sort()
  const told = [...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name).sort()
  expect(told).toEqual(registered)
})

it('alarms of metrics that there are', () => {
  const rows = new Set([...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name))
  const named = [...page.matchAll(/\b(?:hopscope_(?:collector|finaliser|alerts|proxy)_|http_server_)[a-z_]+\b/g)]
    .map(([name]) => name.replace(/_bucket$/, ''))
    .filter((name) => !name.endsWith('_'))
  expect(named.length).toBeGreaterThan(30)
  expect(named.filter((name) => !rows.has(name))).toEqual([])
})

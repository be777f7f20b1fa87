import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readConfig, variables } from '../process/config.ts'

/** docker-compose.yml and Dockerfile against the program that they run: names, ports and roles are its own. */
interface Service {
  image?: string
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  healthcheck?: { test: string[] }
  restart?: string
  mem_limit?: string
  cpus?: number
  depends_on?: Record<string, { condition: string }>
}
const text = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const compose = parse(text('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const dockerfile = text('Dockerfile')
const ours = Object.entries(compose.services).filter(([name]) => name !== 'clickhouse')

const filled = (value: string) => value.replaceAll(/\$\{CLICKHOUSE_PASSWORD:\?[^}]*\}/g, 'secret')
const configOf = ({ environment = {} }: Service) =>
  readConfig(Object.fromEntries(Object.entries(environment).map(([k, v]) => [k, filled(String(v))])), [], '/nowhere')

describe('docker-compose.yml', () => {
  it.each(ours)('%s is configured as the program allows', (_, service) => {
    for (const name of Object.keys(service.environment ?? {})) expect(Object.keys(variables)).toContain(name)
    expect(configOf(service)).toMatchObject({
      host: '0.0.0.0',
      clickhouseUrl: 'http://hopscope:secret@clickhouse:8123/hopscope',
    })
  })

  it('runs every role once', () => {
    const roles = ours.flatMap(([, service]) => configOf(service).roles)
    expect(roles.sort()).toEqual(['alerts', 'api', 'collector', 'finaliser'])
  })

  it('publishes the ports of each role and no other, on this machine unless told otherwise', () => {
    const published = Object.fromEntries(
      Object.entries(compose.services).map(([name, { ports = [] }]) => [
        name,
        ports.map((port) => port.replace('${BIND_ADDRESS:-127.0.0.1}', 'here')),
      ]),
    )
    const { port, otlpGrpcPort, otlpHttpPort, zipkinPort } = readConfig({}, [], '/nowhere')
    const same = (n: number) => `here:${n}:${n}`
    expect(published).toEqual({
      clickhouse: [],
      collector: [same(otlpGrpcPort), same(otlpHttpPort), same(zipkinPort)],
      server: [same(port)],
    })
  })

  it('asks each service whether it is ready on the port that it listens on', () => {
    const asked = (name: string) => compose.services[name]!.healthcheck!.test.join(' ')
    expect(asked('collector')).toContain('http://127.0.0.1:4318/readyz')
    expect(asked('server')).toContain('http://127.0.0.1:7070/readyz')
    expect(asked('clickhouse')).toContain('http://127.0.0.1:8123/ping')
    for (const [, service] of ours) expect(service.depends_on).toEqual({ clickhouse: { condition: 'service_healthy' } })
  })

  it('limits and restarts everything, and keeps what ClickHouse and the spool store', () => {
    for (const { mem_limit, cpus, restart } of Object.values(compose.services))
      expect([mem_limit, cpus, restart]).toEqual([expect.stringMatching(/^\dg$/), expect.any(Number), 'unless-stopped'])
    expect(compose.services['clickhouse']!.volumes).toEqual(['clickhouse:/var/lib/clickhouse'])
    expect(compose.services['collector']!.volumes).toEqual(['spool:/data'])
    expect(Object.keys(compose.volumes)).toEqual(['clickhouse', 'spool'])
  })
})

describe('Dockerfile', () => {
  it('names settings that exist, exposes the default ports and does not run as root', () => {
    for (const [name] of dockerfile.matchAll(/HOPSCOPE_\w+/g))
      expect([...Object.keys(variables), 'HOPSCOPE_ROLES']).toContain(name)
    const { port, otlpGrpcPort, otlpHttpPort, zipkinPort } = readConfig({}, [], '/nowhere')
    expect(dockerfile).toContain(`EXPOSE ${port} ${otlpGrpcPort} ${otlpHttpPort} ${zipkinPort}\n`)
    expect(dockerfile.split('FROM').at(-1)).toMatch(/^USER node$/m)
  })
})

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { help, readConfig, variables } from './config.ts'

const directory = mkdtempSync(join(tmpdir(), 'hopscope-config-'))
const read = (env: NodeJS.ProcessEnv = {}, flags: string[] = []) => readConfig(env, flags, directory)

describe('configuration', () => {
  it('has the documented defaults', () => {
    expect(read()).toMatchObject({
      host: '127.0.0.1',
      port: 7070,
      otlpGrpcPort: 4317,
      otlpHttpPort: 4318,
      dataDir: join(directory, '.hopscope'),
      clickhouseUrl: null,
      settleQuietMs: 15_000,
      settleMaxMs: 120_000,
      networkRttNs: null,
      retention: { spans: 7 * 86_400, facts: 30 * 86_400, rollup1h: 400 * 86_400 },
    })
  })

  it('takes the environment before flags before .env', () => {
    const other = mkdtempSync(join(tmpdir(), 'hopscope-config-'))
    writeFileSync(
      join(other, '.env'),
      'HOPSCOPE_PORT=1\nHOPSCOPE_OTLP_HTTP_PORT=1\nHOPSCOPE_OTLP_GRPC_PORT=1\nSOMETHING=else\n',
    )
    const config = readConfig({ HOPSCOPE_PORT: '3' }, ['--port=2', '--otlp-http-port=2'], other)
    expect([config.port, config.otlpHttpPort, config.otlpGrpcPort]).toEqual([3, 2, 1])
  })

  it.each([
    [{ HOPSCOPE_PORT: 'http' }, 'HOPSCOPE_PORT=http (environment): must be a port'],
    [{ HOPSCOPE_PORT: '70000' }, 'HOPSCOPE_PORT=70000 (environment): must be a port'],
    [{ HOPSCOPE_TLS_CERT_FILE: 'cert.pem' }, 'HOPSCOPE_TLS_CERT_FILE and HOPSCOPE_TLS_KEY_FILE go together'],
    [{ HOPSCOPE_FINALISER_THREADS: '17' }, 'HOPSCOPE_FINALISER_THREADS=17 (environment): must be 1 to 16'],
    [{ HOPSCOPE_CORS_ORIGINS: 'https://shop.example/' }, 'must be origins such as https://shop.example'],
    [{ HOPSCOPE_PROT: '7070' }, 'HOPSCOPE_PROT (environment) is not a setting of hopscope'],
    [{ HOPSCOPE_ROLES: 'collector,cook' }, 'must be some of collector, finaliser, api, alerts'],
    [{ HOPSCOPE_RETENTION_SPANS: '7' }, 'must be a number and s, m, h or d'],
    [{ HOPSCOPE_RETENTION_SPANS: '5m' }, 'at least 1h'],
    [{ HOPSCOPE_MEMORY_LIMIT: '1k' }, 'must be bytes'],
    [{ CLICKHOUSE_URL: 'localhost:8123' }, 'must be http(s)://'],
    [{ HOPSCOPE_NETWORK_RTT_US: '-1' }, 'must be microseconds'],
  ])('refuses %j in one line', (env, message) => {
    expect(() => read(env)).toThrow(message)
    try {
      read(env)
    } catch (error) {
      expect((error as Error).message).not.toContain('\n')
    }
  })

  it('refuses flags it does not know, and flags without a value', () => {
    expect(() => read({}, ['--prot=1'])).toThrow('--prot=1 (command line) is not a flag')
    expect(() => read({}, ['--port'])).toThrow('--port (command line): must be --port=a port')
  })

  it('explains every variable', () => {
    for (const name of Object.keys(variables)) expect(help()).toContain(name)
  })
})

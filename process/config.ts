import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { parseAllowed } from '../server/alerts/notify/address.ts'
import { StartError } from '../storage/start-error.ts'

/** What can be configured: environment, `--kebab-case=value`, `.env`, in this order of precedence. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly roles: readonly Role[]
  readonly otlpGrpcPort: number
  readonly otlpHttpPort: number
  readonly zipkinPort: number
  readonly dataDir: string
  /** null: the embedded engine. */
  readonly clickhouseUrl: string | null
  readonly engineHttpPort: number
  readonly settleQuietMs: number
  readonly settleMaxMs: number
  readonly finaliserThreads: number
  readonly networkRttNs: number | null
  readonly rulesFile: string | null
  /** null: everybody may send. */
  readonly ingestKeysFile: string | null
  /** null: receivers in the clear. */
  readonly corsOrigins: readonly string[]
  readonly tlsPaths: { certFile: string; keyFile: string; clientCaFile: string | null } | null
  readonly retention: Retention
  readonly memoryBytes: number
  /** Bytes of the collector's spool; 0: none. */
  readonly spoolBytes: number
  readonly spoolAfterMs: number
  /** How links in notifications begin, without a slash at the end. */
  readonly publicUrl: string
  readonly alertIntervalMs: number
  readonly regressionIntervalMs: number
  /** Hosts and CIDRs, separated by commas. */
  readonly allowedTargets: string
  /** null: none. */
  readonly alertRulesDir: string | null
  /** What goes wrong in the demo, instead of its usual incident. */
  readonly demoFault: DemoFault | null
}

/** Seconds. */
export interface Retention {
  readonly spans: number
  readonly facts: number
  readonly rollup1m: number
  readonly rollup5m: number
  readonly rollup1h: number
}

export const roles = ['collector', 'finaliser', 'api', 'alerts'] as const
export type Role = (typeof roles)[number]

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }
const bytesOf: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((n) => n <= 65_535)
const count = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number)
const retention = z
  .string()
  .regex(/^\d{1,5}[smhd]$/)
  .transform((text) => Number(text.slice(0, -1)) * unitSeconds[text.slice(-1)]!)
  .refine((seconds) => seconds >= 3600)
const bytesOfText = (text: string): number => {
  const [, digits, unit = ''] = /^(\d+) ?([kmg]?)/i.exec(text)!
  return Number(digits) * bytesOf[unit.toLowerCase()]!
}
const leastSpool = 2 ** 20
const spool = z
  .string()
  .regex(/^\d{1,15} ?[kmg]?i?b?$/i)
  .transform(bytesOfText)
  .refine((bytes) => bytes === 0 || bytes >= leastSpool)
const memory = z
  .string()
  .regex(/^\d{1,3} ?%$|^\d{1,15} ?[kmg]?i?b?$/i)
  .transform((text) => {
    if (text.endsWith('%')) return Math.floor((totalmem() * parseInt(text)) / 100)
    return bytesOfText(text)
  })
  .refine((bytes) => bytes >= 512 * 2 ** 20 && bytes <= totalmem())
/** A proxy by the service.name of its spans, by how many ms it is slower, for how long, and ms before the start (below 0: after). */
export interface DemoFault {
  readonly proxy: string
  readonly byMs: number
  readonly lastsMs: number
  readonly agoMs: number
}
const faultForm = /^([\w.-]{1,100}):(\d{1,5})ms:(\d{1,4})m(?::(\d{1,4})m)?$/
const demoFault = z
  .string()
  .regex(faultForm)
  .transform((text): DemoFault => {
    const [, proxy, by, lasts, ago] = faultForm.exec(text)!
    return { proxy: proxy!, byMs: Number(by), lastsMs: Number(lasts) * 60_000, agoMs: Number(ago ?? -1) * 60_000 }
  })
const url = z.url({ protocol: /^https?$/ })
const roleList = z
  .string()
  .transform((text) => text.split(',').map((role) => role.trim()))
  .pipe(z.array(z.enum(roles)).min(1))

/** As browsers send them: no path, no final slash, lower case. */
const originList = z
  .string()
  .transform((text) => text.split(',').map((origin) => origin.trim()))
  .pipe(z.array(z.string().refine((text) => text === '*' || (URL.canParse(text) && new URL(text).origin === text))))

interface Variable {
  readonly schema: z.ZodType
  /** What is used when it is not set; '' for nothing. */
  readonly byDefault: string
  readonly allowed: string
  readonly meaning: string
}

const variable = (schema: z.ZodType, byDefault: string, allowed: string, meaning: string): Variable => ({
  schema,
  byDefault,
  allowed,
  meaning,
})
/** A job's id has four bits for it. */
const mostThreads = 16
const aPort = 'a port, 0 to 65535; 0 is any free one'
const aTime = 'a number and s, m, h or d; at least 1h'
const ms = 'milliseconds, a whole number'
const anInterval = 'milliseconds, 1000 to 3600000'
const interval = count.refine((n) => n >= 1000 && n <= 3_600_000)

/** All of them, in the order of the help. */
export const variables = {
  HOPSCOPE_HOST: variable(
    z.string().regex(/^[\w.:-]+$/),
    '127.0.0.1',
    'an address or host name',
    'address of every listener',
  ),
  HOPSCOPE_PORT: variable(port, '7070', aPort, 'web UI and API'),
  HOPSCOPE_ROLES: variable(roleList, roles.join(','), `some of ${roles.join(', ')}`, 'parts that this process runs'),
  HOPSCOPE_OTLP_GRPC_PORT: variable(port, '4317', aPort, 'OTLP/gRPC receiver'),
  HOPSCOPE_OTLP_HTTP_PORT: variable(port, '4318', aPort, 'OTLP/HTTP receiver'),
  HOPSCOPE_ZIPKIN_PORT: variable(port, '9411', aPort, 'Zipkin receiver'),
  HOPSCOPE_DATA_DIR: variable(z.string().min(1), '.hopscope', 'a path', 'embedded database and spool'),
  HOPSCOPE_SPOOL_BYTES: variable(
    spool,
    '4g',
    'bytes, or a number with k, m or g; at least 1m, or 0',
    'room on disk for spans that were acknowledged and are not in ClickHouse yet; 0: none is acknowledged before it is',
  ),
  HOPSCOPE_SPOOL_AFTER_MS: variable(
    count,
    '0',
    ms,
    'spans that ClickHouse has not taken after so long go to the spool; 0: all go there first, safe from a loss of power, and to ClickHouse in few INSERTs',
  ),
  CLICKHOUSE_URL: variable(
    url,
    '',
    'http(s)://user:password@host:8123/database',
    'ClickHouse server to use instead of the embedded engine',
  ),
  HOPSCOPE_ENGINE_HTTP_PORT: variable(port, '0', aPort, 'HTTP port of the embedded engine, on loopback'),
  HOPSCOPE_SETTLE_QUIET_MS: variable(count, '15000', ms, 'a trace is analysed this long after its last span'),
  HOPSCOPE_SETTLE_MAX_MS: variable(
    count,
    '120000',
    ms,
    'a trace is analysed at the latest this long after its first span',
  ),
  HOPSCOPE_FINALISER_THREADS: variable(
    count.refine((n) => n >= 1 && n <= mostThreads),
    String(Math.min(mostThreads, Math.max(1, Math.floor(availableParallelism() / 2) - 1))),
    `1 to ${mostThreads}`,
    'threads that analyse traces; by default one for two cores, less one',
  ),
  HOPSCOPE_NETWORK_RTT_US: variable(
    count,
    '',
    'microseconds, a whole number',
    'round trip to assume between nodes that are unknown; unset: no estimate there',
  ),
  HOPSCOPE_RULES_FILE: variable(
    z.string().min(1),
    '',
    'a path of a YAML or JSON file',
    'rules of yours that say what spans are proxies, asked before the built-in ones (docs/recognition.md)',
  ),
  HOPSCOPE_INGEST_KEYS_FILE: variable(
    z.string().min(1),
    '',
    'a path',
    'hashes of the API keys that exporters must show (`npm run keys`); unset: everybody who reaches the ports may send',
  ),
  HOPSCOPE_CORS_ORIGINS: variable(
    originList,
    '',
    'origins such as https://shop.example, separated by commas; * is any',
    'pages that may send spans from browsers to OTLP/HTTP and Zipkin; unset: none',
  ),
  HOPSCOPE_TLS_CERT_FILE: variable(
    z.string().min(1),
    '',
    'a path of PEM',
    'certificate of the receivers, with its chain',
  ),
  HOPSCOPE_TLS_KEY_FILE: variable(z.string().min(1), '', 'a path of PEM', 'its private key'),
  HOPSCOPE_TLS_CLIENT_CA_FILE: variable(
    z.string().min(1),
    '',
    'a path of PEM',
    'who signs certificates of exporters (mTLS); unset: they need none',
  ),
  HOPSCOPE_RETENTION_SPANS: variable(retention, '7d', aTime, 'how long spans are kept'),
  HOPSCOPE_RETENTION_FACTS: variable(retention, '30d', aTime, 'how long hops, proxies and traces are kept'),
  HOPSCOPE_RETENTION_1M: variable(retention, '30d', aTime, 'how long minutes are kept'),
  HOPSCOPE_RETENTION_5M: variable(retention, '90d', aTime, 'how long steps of five minutes are kept'),
  HOPSCOPE_RETENTION_1H: variable(retention, '400d', aTime, 'how long hours are kept'),
  HOPSCOPE_PUBLIC_URL: variable(url, '', 'a URL', 'how links in notifications begin; unset: http://HOST:PORT'),
  HOPSCOPE_ALERT_INTERVAL_MS: variable(
    interval,
    '60000',
    anInterval,
    'how often threshold and budget rules are evaluated',
  ),
  HOPSCOPE_REGRESSION_INTERVAL_MS: variable(interval, '300000', anInterval, 'how often regression rules are evaluated'),
  HOPSCOPE_ALLOWED_TARGETS: variable(
    z.string().refine((text) => isAllowedList(text)),
    '',
    'hosts or CIDRs, separated by commas',
    'hosts that notifications may reach although they are loopback, private or link-local',
  ),
  HOPSCOPE_ALERT_RULES_DIR: variable(
    z.string().min(1),
    '',
    'a path of a directory',
    'alert rules in YAML or JSON files, read again when they change (docs/alerts.md)',
  ),
  HOPSCOPE_DEMO_FAULT: variable(
    demoFault,
    '',
    'PROXY:DELAY:LENGTH[:AGO], such as payments.shop:3ms:20m, a minute after the start, or payments.shop:3ms:20m:60m, an hour ago',
    'a proxy that --demo slows down for a while (docs/alerts.md)',
  ),
  HOPSCOPE_MEMORY_LIMIT: variable(
    memory,
    '60%',
    'bytes, or a number with k, m or g, or a percentage; at least 512m',
    'shared out between engine, collector and server',
  ),
} as const satisfies Record<string, Variable>
type Name = keyof typeof variables

/** Variables that hopscope's processes and tools read beside these. */
const others = new Set(['HOPSCOPE_CHROMIUM'])

/**
 * Reads the configuration.
 * @param flags command line without `node` and the file; `--demo` and `--help` are not for here.
 * @throws StartError naming the variable, what it may be and where it was set.
 */
export function readConfig(env: NodeJS.ProcessEnv, flags: readonly string[], directory: string): Config {
  const set = collect(env, flags, directory)
  const value = (name: Name): unknown => {
    const { schema, byDefault, allowed } = variables[name]
    const given = set.get(name)
    const text = given?.value ?? byDefault
    if (text === '' && byDefault === '') return null
    const parsed = schema.safeParse(text)
    if (parsed.success) return parsed.data
    throw new StartError(`${name}=${text} (${given?.from ?? 'default'}): must be ${allowed}`)
  }
  const number = (name: Name) => value(name) as number
  for (const name of Object.keys(variables) as Name[]) value(name)
  const rttUs = value('HOPSCOPE_NETWORK_RTT_US') as number | null
  const path = (name: Name) => {
    const given = value(name) as string | null
    return given === null ? null : resolve(directory, given)
  }
  const settleQuietMs = number('HOPSCOPE_SETTLE_QUIET_MS')
  return {
    host: value('HOPSCOPE_HOST') as string,
    port: number('HOPSCOPE_PORT'),
    roles: value('HOPSCOPE_ROLES') as Role[],
    otlpGrpcPort: number('HOPSCOPE_OTLP_GRPC_PORT'),
    otlpHttpPort: number('HOPSCOPE_OTLP_HTTP_PORT'),
    zipkinPort: number('HOPSCOPE_ZIPKIN_PORT'),
    dataDir: resolve(directory, value('HOPSCOPE_DATA_DIR') as string),
    clickhouseUrl: value('CLICKHOUSE_URL') as string | null,
    engineHttpPort: number('HOPSCOPE_ENGINE_HTTP_PORT'),
    settleQuietMs,
    settleMaxMs: Math.max(settleQuietMs, number('HOPSCOPE_SETTLE_MAX_MS')),
    finaliserThreads: number('HOPSCOPE_FINALISER_THREADS'),
    networkRttNs: rttUs === null ? null : rttUs * 1000,
    rulesFile: path('HOPSCOPE_RULES_FILE'),
    ingestKeysFile: path('HOPSCOPE_INGEST_KEYS_FILE'),
    corsOrigins: (value('HOPSCOPE_CORS_ORIGINS') as string[] | null) ?? [],
    tlsPaths: tlsPaths(
      path('HOPSCOPE_TLS_CERT_FILE'),
      path('HOPSCOPE_TLS_KEY_FILE'),
      path('HOPSCOPE_TLS_CLIENT_CA_FILE'),
    ),
    retention: {
      spans: number('HOPSCOPE_RETENTION_SPANS'),
      facts: number('HOPSCOPE_RETENTION_FACTS'),
      rollup1m: number('HOPSCOPE_RETENTION_1M'),
      rollup5m: number('HOPSCOPE_RETENTION_5M'),
      rollup1h: number('HOPSCOPE_RETENTION_1H'),
    },
    memoryBytes: number('HOPSCOPE_MEMORY_LIMIT'),
    spoolBytes: number('HOPSCOPE_SPOOL_BYTES'),
    spoolAfterMs: number('HOPSCOPE_SPOOL_AFTER_MS'),
    publicUrl: (
      (value('HOPSCOPE_PUBLIC_URL') as string | null) ??
      defaultUrl(value('HOPSCOPE_HOST') as string, number('HOPSCOPE_PORT'))
    ).replace(/\/+$/, ''),
    alertIntervalMs: number('HOPSCOPE_ALERT_INTERVAL_MS'),
    regressionIntervalMs: number('HOPSCOPE_REGRESSION_INTERVAL_MS'),
    allowedTargets: (value('HOPSCOPE_ALLOWED_TARGETS') as string | null) ?? '',
    alertRulesDir: path('HOPSCOPE_ALERT_RULES_DIR'),
    demoFault: value('HOPSCOPE_DEMO_FAULT') as DemoFault | null,
  }
}

const defaultUrl = (host: string, port: number) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`

function isAllowedList(text: string): boolean {
  try {
    parseAllowed(text)
    return true
  } catch {
    return false
  }
}

function tlsPaths(certFile: string | null, keyFile: string | null, clientCaFile: string | null): Config['tlsPaths'] {
  if (certFile !== null && keyFile !== null) return { certFile, keyFile, clientCaFile }
  if (certFile === null && keyFile === null && clientCaFile === null) return null
  throw new StartError('HOPSCOPE_TLS_CERT_FILE and HOPSCOPE_TLS_KEY_FILE go together')
}

interface Given {
  readonly value: string
  readonly from: string
}

function collect(env: NodeJS.ProcessEnv, flags: readonly string[], directory: string): Map<string, Given> {
  const set = new Map<string, Given>()
  const add = (name: string, value: string, from: string) => {
    if (name in variables) set.set(name, { value, from })
    else if (name.startsWith('HOPSCOPE_') && !others.has(name))
      throw new StartError(`${name} (${from}) is not a setting of hopscope; \`npm start -- --help\` lists them`)
  }
  for (const [name, value] of Object.entries(readEnvFile(directory))) add(name, value ?? '', '.env')
  for (const flag of flags) {
    const [, kebab = '', value] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(flag) ?? []
    const name = kebab.replaceAll('-', '_').toUpperCase()
    const known = [`HOPSCOPE_${name}`, name].find((candidate) => candidate in variables)
    if (!known)
      throw new StartError(`${flag} (command line) is not a flag of hopscope; \`npm start -- --help\` lists them`)
    if (value === undefined)
      throw new StartError(`${flag} (command line): must be --${kebab}=${variables[known as Name].allowed}`)
    set.set(known, { value, from: 'command line' })
  }
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && value !== '') add(name, value, 'environment')
  return set
}

function readEnvFile(directory: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(resolve(directory, '.env'), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

/** What `npm start -- --help` prints. */
export function help(): string {
  const width = Math.max(...Object.keys(variables).map((name) => name.length))
  const lines = Object.entries(variables).map(([name, { byDefault, meaning, allowed }]) => {
    const text = `${meaning} (${byDefault === '' ? 'unset' : byDefault}); ${allowed}`
    return `  ${name.padEnd(width)}  ${text}`
  })
  return [
    'npm start -- [--demo] [--NAME=value ...]',
    '',
    'Settings: environment variables, or flags of the same name (--port=8080 for HOPSCOPE_PORT), or lines in .env.',
    '--demo replays recorded traffic of real proxies.',
    '',
    ...lines,
  ].join('\n')
}

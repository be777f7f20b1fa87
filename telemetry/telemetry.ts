import type { Logger } from '../storage/running.ts'

/**
 * hopscope's own traces and metrics, off unless OTEL_EXPORTER_OTLP_ENDPOINT is set. Never into itself: its own spans
 * would make more spans of their own.
 * @param part service.name unless OTEL_SERVICE_NAME says otherwise. @param own addresses of this hopscope's receivers.
 * @returns what flushes and ends it.
 */
export async function startTelemetry(part: string, own: readonly string[], log: Logger): Promise<() => Promise<void>> {
  const endpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT']
  if (!endpoint) return () => Promise.resolve()
  for (const name of endpointNames) {
    const url = process.env[name]
    if (!url || !own.some((address) => isSamePlace(address, url))) continue
    log.warn({ [name]: url }, `${name} is this hopscope itself: own telemetry stays off`)
    return () => Promise.resolve()
  }
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  process.env['OTEL_METRICS_EXPORTER'] ??= 'otlp'
  const sdk = new NodeSDK({ serviceName: process.env['OTEL_SERVICE_NAME'] ?? part, instrumentations: [] })
  sdk.start()
  return () => sdk.shutdown().catch((error: unknown) => log.warn({ err: error }, 'own telemetry was not sent'))
}

/** The general one, and those that go before it for one signal. */
const endpointNames = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
]

const loopback = new Set(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]'])

/** Same port, and the same host or both on this machine. */
export function isSamePlace(a: string, b: string): boolean {
  const [x, y] = [parse(a), parse(b)]
  if (!x || !y || x.port !== y.port) return false
  return x.hostname === y.hostname || (loopback.has(x.hostname) && loopback.has(y.hostname))
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

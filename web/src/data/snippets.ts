/**
 * What to put where, so that an SDK, a collector or a proxy sends its spans here: the settings, with the addresses filled
 * in. Each is what the lab ran with, or what the product's own reference says; the test beside this file parses them all.
 */
import { urlOf, type Receivers } from './receivers.ts'

export type Transport = 'grpc' | 'http'

export interface Snippet {
  /** File, or where in it. */
  readonly file: string
  readonly language: 'yaml' | 'json' | 'env' | 'caddyfile' | 'sh'
  readonly text: string
}

export interface Guide {
  readonly id: string
  readonly name: string
  readonly snippets: (to: Receivers, transport: Transport) => readonly Snippet[]
  /** What lets the numbers be more certain, and what spoils them. */
  readonly notes: readonly string[]
}

const timingTags = {
  'hopscope.req_us': '%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)%',
  'hopscope.resp_us': '%COMMON_DURATION(US_RX_BEG:DS_TX_BEG:us)%',
}

const tracesUrl = ({ http }: Receivers) => `${urlOf(http)}/v1/traces`

function sdk(to: Receivers, transport: Transport): Snippet[] {
  const [endpoint, protocol] = transport === 'grpc' ? [urlOf(to.grpc), 'grpc'] : [tracesUrl(to), 'http/protobuf']
  const text = `# traces only: of applications hopscope takes no metrics and no logs
OTEL_TRACES_EXPORTER=otlp
OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${endpoint}
OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=${protocol}
OTEL_SERVICE_NAME=checkout
# pass the context on, or the trace ends here
OTEL_PROPAGATORS=tracecontext,baggage`
  return [{ file: 'environment of the application', language: 'env', text }]
}

function collector(to: Receivers, transport: Transport): Snippet[] {
  const exporter =
    transport === 'grpc'
      ? `  otlp/hopscope:
    endpoint: ${to.grpc.host}:${to.grpc.port}
    tls:
      insecure: true`
      : `  otlphttp/hopscope:
    endpoint: ${urlOf(to.http)}`
  const name = transport === 'grpc' ? 'otlp/hopscope' : 'otlphttp/hopscope'
  const text = `exporters:
${exporter}
service:
  pipelines:
    traces/hopscope:       # beside the pipelines you have
      receivers: [otlp]
      processors: [batch]
      exporters: [${name}]`
  return [{ file: 'collector.yaml, in addition', language: 'yaml', text }]
}

function envoy(to: Receivers, transport: Transport): Snippet[] {
  const { host, port } = transport === 'grpc' ? to.grpc : to.http
  const service =
    transport === 'grpc'
      ? `grpc_service: { timeout: 1s, envoy_grpc: { cluster_name: hopscope } }`
      : `http_service:
                  http_uri: { uri: "${tracesUrl(to)}", cluster: hopscope, timeout: 1s }`
  const http2 = `
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: { http2_protocol_options: {} }`
  const tags = Object.entries(timingTags).map(([tag, value]) => `            - { tag: ${tag}, value: "${value}" }`)
  const text = `node: { id: edge-1, cluster: edge }
static_resources:
  listeners:
  - name: edge
    traffic_direction: INBOUND
    address: { socket_address: { address: 0.0.0.0, port_value: 8080 } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: edge
          tracing:
            spawn_upstream_span: true   # a span an attempt: own time and retries are exact
            custom_tags:                # exact also where there is one span only; from Envoy 1.37
${tags.join('\n')}
            provider:
              name: envoy.tracers.opentelemetry
              typed_config:
                "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
                service_name: edge
                ${service}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{ match: { prefix: / }, route: { cluster: app } }]
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: app
    type: STRICT_DNS
    load_assignment:
      cluster_name: app
      endpoints:
      - lb_endpoints: [{ endpoint: { address: { socket_address: { address: localhost, port_value: 3000 } } } }]
  - name: hopscope
    type: STRICT_DNS${transport === 'grpc' ? http2 : ''}
    load_assignment:
      cluster_name: hopscope
      endpoints:
      - lb_endpoints: [{ endpoint: { address: { socket_address: { address: ${bare(host)}, port_value: ${port} } } } }]`
  return [{ file: 'envoy.yaml', language: 'yaml', text }]
}

function istio(to: Receivers, transport: Transport): Snippet[] {
  const { host, port } = transport === 'grpc' ? to.grpc : to.http
  const overHttp = `
      http: { path: /v1/traces, timeout: 1s }`
  const values = `meshConfig:
  enableTracing: true
  extensionProviders:
  - name: hopscope
    opentelemetry:
      service: hopscope.internal
      port: ${port}${transport === 'http' ? overHttp : ''}`
  const tags = Object.entries(timingTags).map(([tag, value]) => `      ${tag}: { formatter: { value: "${value}" } }`)
  const isAddress = /^[\d.]+$|^\[/.test(host)
  const resources = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: hopscope, namespace: istio-system }
spec:
  hosts: [hopscope.internal]
  location: MESH_EXTERNAL
  resolution: ${isAddress ? 'STATIC' : 'DNS'}
  ports: [{ number: ${port}, name: otlp, protocol: ${transport === 'grpc' ? 'GRPC' : 'HTTP'} }]
  endpoints: [{ address: ${bare(host)} }]
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: hopscope, namespace: istio-system }
spec:
  tracing:
  - providers: [{ name: hopscope }]
    randomSamplingPercentage: 10
    customTags:            # lifts sidecars from bounded to exact; from Istio 1.29
${tags.join('\n')}`
  return [
    { file: 'values of istiod (Helm), or spec of IstioOperator', language: 'yaml', text: values },
    { file: 'hopscope.yaml, for kubectl apply -f', language: 'yaml', text: resources },
  ]
}

function krakend(to: Receivers, transport: Transport): Snippet[] {
  const { host, port } = transport === 'grpc' ? to.grpc : to.http
  const exporter = { name: 'hopscope', host: bare(host), port, use_http: transport === 'http', disable_metrics: true }
  const config = {
    version: 3,
    extra_config: {
      'telemetry/opentelemetry': {
        service_name: 'edge',
        trace_sample_rate: 1,
        exporters: { otlp: [exporter] },
      },
    },
  }
  return [{ file: 'krakend.json, in addition', language: 'json', text: JSON.stringify(config, null, 2) }]
}

function caddy(to: Receivers, transport: Transport): Snippet[] {
  const caddyfile = `:8080 {
	tracing {
		span edge
	}
	reverse_proxy localhost:3000
}`
  const [endpoint, protocol] = transport === 'grpc' ? [urlOf(to.grpc), 'grpc'] : [urlOf(to.http), 'http/protobuf']
  const env = `OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}
OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}
OTEL_SERVICE_NAME=edge`
  return [
    { file: 'Caddyfile', language: 'caddyfile', text: caddyfile },
    { file: 'environment of Caddy', language: 'env', text: env },
  ]
}

/** An IPv6 address outside a URL has no brackets. */
const bare = (host: string) => host.replace(/^\[|\]$/g, '')

export const guides: readonly Guide[] = [
  {
    id: 'sdk',
    name: 'SDK',
    snippets: sdk,
    notes: [
      'Applications behind a proxy matter: without the callee’s span the proxy’s own time is unknown, not small.',
      'The batch processor of an SDK holds spans up to 5 s; that is waited for.',
    ],
  },
  {
    id: 'collector',
    name: 'Collector',
    snippets: collector,
    notes: [
      'Sample by trace id, not by latency or errors: a tail sampler that keeps what is slow makes every percentile slower.',
      'The k8sattributes processor puts pod and node on every span, which tells wires between nodes from loopbacks.',
    ],
  },
  {
    id: 'envoy',
    name: 'Envoy',
    snippets: envoy,
    notes: [
      'Without spawn_upstream_span and without the two tags, the own time of an Envoy is only bounded from above.',
      'With retries the tags describe the last attempt only; spawn_upstream_span shows each.',
      'tracing.verbose does what the tags do, by events in the span: Envoy 1.38 or newer.',
    ],
  },
  {
    id: 'istio',
    name: 'Istio',
    snippets: istio,
    notes: [
      'Inside the cluster, leave the ServiceEntry out and name the Service of hopscope in the provider.',
      'Gateways send a span an attempt from Istio 1.28 on; sidecars and waypoints send one span, so the tags count there.',
      'ztunnel sends no spans: in ambient mode its time is part of the wire.',
    ],
  },
  {
    id: 'krakend',
    name: 'KrakenD',
    snippets: krakend,
    notes: [
      'Leave "layers" out: then all are on. A "traces" block of the backend layer turns off whatever it does not name.',
      'A trace_sample_rate of 1 samples also what the caller did not; below 1 the caller’s decision counts.',
    ],
  },
  {
    id: 'caddy',
    name: 'Caddy',
    snippets: caddy,
    notes: ['Caddy sends one span and none for its upstream: its own time is bounded by the span of what it calls.'],
  },
]

/** One span by hand, to see whether anything gets here at all. */
export function testSpan(to: Receivers): Snippet {
  const text = `curl ${tracesUrl(to)} -H 'content-type: application/json' -d '{"resourceSpans":[{
  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"test"}}]},
  "scopeSpans":[{"spans":[{"traceId":"'$(openssl rand -hex 16)'","spanId":"'$(openssl rand -hex 8)'","name":"hello","kind":2,
  "startTimeUnixNano":"'$(date +%s)'000000000","endTimeUnixNano":"'$(date +%s)'005000000"}]}]}]}'`
  return { file: 'one span by hand', language: 'sh', text }
}

/** What the field for rules holds where there are none: something to change. */
export const exampleRules = `rules:
  # A gateway of your own: the request as received, and what it sends on.
  - name: edge
    match: { service: my-gateway, kind: server }
    is: { family: my-gateway, role: gateway, leg: down }
  - name: edge, upstream
    match: { service: my-gateway, kind: client }
    is: { family: my-gateway, role: gateway, leg: up }
`

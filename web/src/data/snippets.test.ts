import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isLocal, receiversOf, type Receivers } from './receivers.ts'
import { guides, testSpan, type Snippet, type Transport } from './snippets.ts'

const to: Receivers = { grpc: { host: '10.1.2.3', port: 14317 }, http: { host: '10.1.2.3', port: 14318 } }
const transports: Transport[] = ['grpc', 'http']
const all = transports.flatMap((transport) =>
  guides.flatMap(({ id, snippets }) => snippets(to, transport).map((snippet) => ({ id, transport, ...snippet }))),
)
const of = (id: string, transport: Transport) =>
  all.filter((snippet) => snippet.id === id && snippet.transport === transport)

/** What the text means, by the parser of its language. */
function documents({ language, text }: Snippet): unknown[] {
  if (language === 'json') return [JSON.parse(text)]
  if (language === 'yaml')
    return parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
      expect(document.errors).toEqual([])
      expect(document.warnings).toEqual([])
      return document.toJS() as unknown
    })
  if (language === 'env')
    return [
      Object.fromEntries(
        text
          .split('\n')
          .filter((line) => !line.startsWith('#'))
          .map((line) => /^([A-Z_]+)=(\S+)$/.exec(line)!.slice(1)),
      ),
    ]
  return []
}

describe('the settings to copy', () => {
  it.each(all)('$id over $transport, $file, can be read and name the receiver', (snippet) => {
    documents(snippet)
    const whole = of(snippet.id, snippet.transport)
      .map(({ text }) => text)
      .join('\n')
    expect(whole).toContain(to[snippet.transport].host)
    expect(whole).toContain(String(to[snippet.transport].port))
    expect(whole).not.toContain(String(to[snippet.transport === 'grpc' ? 'http' : 'grpc'].port))
  })

  it('SDK: the endpoint of the signal has the path, which only the general one gets by itself', () => {
    const [grpc] = of('sdk', 'grpc').flatMap(documents)
    const [http] = of('sdk', 'http').flatMap(documents)
    expect(grpc).toMatchObject({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://10.1.2.3:14317',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
    })
    expect(http).toMatchObject({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://10.1.2.3:14318/v1/traces',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    })
  })

  it('Collector: the pipeline uses the exporter that is defined', () => {
    for (const transport of transports) {
      const [config] = of('collector', transport).flatMap(documents) as [
        { exporters: object; service: { pipelines: Record<string, { exporters: string[] }> } },
      ]
      expect(Object.values(config.service.pipelines).flatMap(({ exporters }) => exporters)).toEqual(
        Object.keys(config.exporters),
      )
    }
  })

  it('Envoy: the keys of the lab, both spans and tags', () => {
    for (const transport of transports) {
      const [config] = of('envoy', transport).flatMap(documents) as [EnvoyConfig]
      const [listener] = config.static_resources.listeners
      const manager = listener!.filter_chains[0]!.filters[0]!.typed_config
      expect(listener!.traffic_direction).toBe('INBOUND')
      expect(manager.tracing).toMatchObject({
        spawn_upstream_span: true,
        custom_tags: [
          { tag: 'hopscope.req_us', value: '%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)%' },
          { tag: 'hopscope.resp_us', value: '%COMMON_DURATION(US_RX_BEG:DS_TX_BEG:us)%' },
        ],
        provider: { name: 'envoy.tracers.opentelemetry' },
      })
      const exporter = manager.tracing.provider.typed_config
      expect(exporter['@type']).toBe('type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig')
      const receiver = config.static_resources.clusters.find(({ name }) => name === 'hopscope')!
      if (transport === 'http')
        expect(exporter).toMatchObject({
          http_service: { http_uri: { uri: 'http://10.1.2.3:14318/v1/traces', cluster: 'hopscope', timeout: '1s' } },
        })
      else {
        expect(exporter).toMatchObject({ grpc_service: { envoy_grpc: { cluster_name: 'hopscope' } } })
        // Without HTTP/2 to the cluster every export fails.
        expect(Object.values(receiver.typed_extension_protocol_options)).toMatchObject([
          { explicit_http_config: { http2_protocol_options: {} } },
        ])
      }
      expect(JSON.stringify(receiver.load_assignment)).toContain(
        JSON.stringify({ address: '10.1.2.3', port_value: to[transport].port }),
      )
    }
  })

  it('Istio: the provider that Telemetry names is the one of the mesh, its service the one of the entry', () => {
    for (const transport of transports) {
      const [mesh, entry, telemetry] = of('istio', transport).flatMap(documents) as [MeshValues, Entry, Telemetry]
      const [provider] = mesh.meshConfig.extensionProviders
      const { port } = to[transport]
      expect(telemetry.spec.tracing[0]!.providers).toEqual([{ name: provider!.name }])
      expect(telemetry.spec.tracing[0]!.customTags).toHaveProperty(
        ['hopscope.req_us', 'formatter', 'value'],
        '%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:us)%',
      )
      expect(entry.spec).toMatchObject({ hosts: [provider!.opentelemetry.service], ports: [{ number: port }] })
      expect(provider!.opentelemetry.port).toBe(port)
      expect('http' in provider!.opentelemetry).toBe(transport === 'http')
    }
  })

  it('KrakenD: an OTLP exporter, and no layers block that would switch stages off', () => {
    for (const transport of transports) {
      const [config] = of('krakend', transport).flatMap(documents) as [{ extra_config: Record<string, object> }]
      expect(config.extra_config['telemetry/opentelemetry']).toMatchObject({
        exporters: { otlp: [{ host: '10.1.2.3', port: to[transport].port, use_http: transport === 'http' }] },
      })
      expect(config.extra_config['telemetry/opentelemetry']).not.toHaveProperty('layers')
    }
  })

  it('a span by hand is an export request once the shell has filled it in', () => {
    const [, body] = /-d '(.*)'$/s.exec(testSpan(to).text)!
    const filled = body!
      .replaceAll(/'\$\(openssl rand -hex (\d+)\)'/g, (_, bytes) => 'ab'.repeat(Number(bytes)))
      .replaceAll("'$(date +%s)'", '1800000000')
    expect(JSON.parse(filled)).toHaveProperty(
      ['resourceSpans', 0, 'scopeSpans', 0, 'spans', 0, 'endTimeUnixNano'],
      '1800000000005000000',
    )
  })
})

describe('the receivers', () => {
  const setup = (grpc: string, http: string) => ({ version: '', settleQuietMs: 15_000, receivers: { grpc, http } })
  it('on every address are reached by the name of the page', () => {
    const receivers = receiversOf(setup('http://0.0.0.0:4317', 'http://[::]:4318'), 'hopscope.lan')
    expect(receivers).toEqual({
      grpc: { host: 'hopscope.lan', port: 4317 },
      http: { host: 'hopscope.lan', port: 4318 },
    })
    expect(isLocal(receivers)).toBe(false)
  })
  it('on loopback say so', () => {
    expect(isLocal(receiversOf(setup('http://127.0.0.1:4317', 'http://[::1]:4318'), 'localhost'))).toBe(true)
  })
})

interface EnvoyConfig {
  static_resources: {
    listeners: {
      traffic_direction: string
      filter_chains: {
        filters: { typed_config: { tracing: { provider: { typed_config: Record<string, unknown> } } } }[]
      }[]
    }[]
    clusters: { name: string; typed_extension_protocol_options: object; load_assignment: object }[]
  }
}
interface MeshValues {
  meshConfig: { extensionProviders: { name: string; opentelemetry: { service: string; port: number } }[] }
}
interface Entry {
  spec: object
}
interface Telemetry {
  spec: { tracing: { providers: object[]; customTags: object }[] }
}

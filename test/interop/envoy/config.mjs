const type = (name) => `type.googleapis.com/envoy.${name}`

/**
 * An Envoy with two listeners, one in the clear and one that asks for client certificates, whose spans say which, by which route and through
 * which filters (docs/compare.md, "What features cost").
 * @param protocol grpc or http, to hopscope at `url`; `secure`: its key and CA, null in the clear.
 * @param tls path of a certificate (test/fixtures/tls) by its name.
 */
export function envoyConfig(protocol, url, service, { ports, secure, tls }) {
  const address = (port) => ({ socket_address: { address: '127.0.0.1', port_value: port } })
  const exporter = exporterOf(protocol, url, secure)
  const downstreamTls = {
    name: 'tls',
    typed_config: {
      '@type': type('extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
      require_client_certificate: true,
      common_tls_context: {
        tls_certificates: [
          { certificate_chain: { filename: tls('server.pem') }, private_key: { filename: tls('server.key') } },
        ],
        validation_context: { trusted_ca: { filename: tls('ca.pem') } },
      },
    },
  }
  const upstreamTls = {
    name: 'tls',
    typed_config: {
      '@type': type('extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
      common_tls_context: { validation_context: { trusted_ca: { filename: secure?.ca } } },
    },
  }
  const http2 = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
      explicit_http_config: { http2_protocol_options: {} },
    },
  }
  const otlp = { endpoint: { address: address(Number(url.port)) } }
  return {
    node: { id: 'router~10.0.0.1~edge.shop~shop.svc.cluster.local', cluster: 'interop' },
    static_resources: {
      listeners: [
        {
          name: 'clear',
          address: address(ports.clear),
          filter_chains: [{ filters: [connectionManager(exporter, service, [])] }],
        },
        {
          name: 'mtls',
          address: address(ports.mtls),
          filter_chains: [{ filters: [connectionManager(exporter, service, [lua])], transport_socket: downstreamTls }],
        },
      ],
      clusters: [
        {
          name: 'otlp',
          type: 'STATIC',
          ...(secure && { transport_socket: upstreamTls }),
          ...(protocol === 'grpc' && { typed_extension_protocol_options: http2 }),
          load_assignment: { cluster_name: 'otlp', endpoints: [{ lb_endpoints: [otlp] }] },
        },
      ],
    },
  }
}

const exporterOf = (protocol, url, secure) =>
  protocol === 'grpc'
    ? {
        grpc_service: {
          envoy_grpc: { cluster_name: 'otlp' },
          timeout: '5s',
          ...(secure && { initial_metadata: [{ key: 'api-key', value: secure.key }] }),
        },
      }
    : {
        http_service: {
          http_uri: { uri: `${url.origin}/v1/traces`, cluster: 'otlp', timeout: '5s' },
          ...(secure && { request_headers_to_add: [{ header: { key: 'api-key', value: secure.key } }] }),
        },
      }

const lua = {
  name: 'lua',
  typed_config: {
    '@type': type('extensions.filters.http.lua.v3.Lua'),
    default_source_code: { inline_string: 'function envoy_on_request(handle) end' },
  },
}
const router = { name: 'router', typed_config: { '@type': type('extensions.filters.http.router.v3.Router') } }

/** @param filters before the router; their names are what the tag says. */
function connectionManager(exporter, service, filters) {
  const tracer = { '@type': type('config.trace.v3.OpenTelemetryConfig'), service_name: service, ...exporter }
  const route = (name, match) => ({ name, match, direct_response: { status: 200 } })
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: 'edge',
      tracing: {
        provider: { name: 'envoy.tracers.opentelemetry', typed_config: tracer },
        custom_tags: [
          { tag: 'hopscope.tls', value: 'tls:%DOWNSTREAM_TLS_VERSION%' },
          { tag: 'hopscope.route', value: '%ROUTE_NAME%' },
          { tag: 'hopscope.filters', literal: { value: filters.map(({ name }) => name).join(',') || 'none' } },
        ],
      },
      route_config: {
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [route('cart', { path: '/cart' }), route('default', { prefix: '/' })],
          },
        ],
      },
      http_filters: [...filters, router],
    },
  }
}

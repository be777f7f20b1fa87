import type { Pattern } from './pattern.ts'

/**
 * Spans of a stream of messages: WebSocket, server-sent events, upgraded connections. That a gRPC call is a stream is
 * seen in its message events (streaming.ts of the analysis).
 */
export const streamingPatterns: readonly Pattern[] = [
  { attributes: { 'http.response.status_code': '101' } },
  { attributes: { 'http.status_code': '101' } },
  { attributes: { 'network.protocol.name': 'websocket' } },
  { attributes: { 'url.scheme': /^wss?$/ } },
  { attributes: { 'http.route': 'Upgraded Connection' } }, // KrakenD
  { attributes: { 'http.connection.hijacked': 'true' } }, // KrakenD
  { attributes: { 'http.request.header.upgrade': /websocket/i } },
  { attributes: { 'http.response.header.content-type': /text\/event-stream/ } },
]

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './http-server.ts'

const tokens = /^[\w!#$%&'*+.^`|~, -]{1,1000}$/
const rememberSeconds = 7_200

/**
 * Pages of other sites (Fetch standard, "CORS protocol"): those of `origins` may send, all others are refused, whether their
 * browser asks before or not.
 * @param origins as browsers send them (`https://shop.example`), or `*` for any. Empty: no page may send.
 * @returns true when the request is answered: it was a preflight, or is refused.
 */
export function answersOrigin(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
  answer: Answer,
): boolean {
  const { origin } = headers
  if (origin === undefined) return false
  response.setHeader('Vary', 'Origin')
  if (!origins.includes(origin) && !origins.includes('*')) {
    response.setHeader('Connection', 'close')
    answer(403, 'text/plain', 'pages of this origin may not send: HOPSCOPE_CORS_ORIGINS names those that may\n')
    return true
  }
  response.setHeader('Access-Control-Allow-Origin', origin)
  response.setHeader('Access-Control-Expose-Headers', 'Retry-After')
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false
  const wanted = String(headers['access-control-request-headers'] ?? '')
  response.setHeader('Access-Control-Allow-Methods', 'POST')
  if (tokens.test(wanted)) response.setHeader('Access-Control-Allow-Headers', wanted)
  response.setHeader('Access-Control-Max-Age', String(rememberSeconds))
  answer(204, 'text/plain', '')
  return true
}

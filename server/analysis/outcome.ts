import type { Node } from './node.ts'
import { StatusCode } from './types.ts'

/** A call that did not bring the answer: HTTP 0 or 5xx, an error status, or cancelled. */
export function failed({ input, status, emitter }: Node): boolean {
  return status !== 0 ? status >= 500 : input.status === StatusCode.error || emitter.unanswered
}

/** proxy-spans.md section 3, "OTel status UNSET on a failed Envoy span". */
export function isError(node: Node): boolean {
  return node.input.status === StatusCode.error || node.emitter.error || failed(node)
}

/** The low-cardinality word for what was asked for: http.route, else the span's name. */
export function routeOf({ input, emitter: { memo, ownWords } }: Node): string {
  const own = ownWords ? input.attributes.get('http.route') : undefined
  return (own ?? (memo.route ??= input.attributeSet.get('http.route') ?? '')) || input.name
}

/** Why Envoy answered as it did; '' where nothing went wrong, or nothing tells. */
export function responseFlagsOf({ input, emitter: { memo, ownWords } }: Node): string {
  const own = ownWords ? input.attributes.get('response_flags') : undefined
  return own ?? (memo.responseFlags ??= input.attributeSet.get('response_flags') ?? '')
}

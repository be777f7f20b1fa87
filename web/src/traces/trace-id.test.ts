import { describe, expect, it } from 'vitest'
import { traceIdIn } from './trace-id.ts'

const id = '4bf92f3577b34da6a3ce929d0e0e4736'

describe('the trace id in a text', () => {
  it.each([
    id,
    ` ${id.toUpperCase()}\n`,
    `00-${id}-00f067aa0ba902b7-01`,
    `{"trace_id":"${id}","msg":"slow"}`,
    `https://jaeger.example/trace/${id}?uiFind=00f067aa0ba902b7`,
    `${id} and again ${id}`,
  ])('%s', (text) => expect(traceIdIn(text)).toBe(id))

  it.each(['', 'checkout', id.slice(1), `${id}a`, '0'.repeat(32), `${id} ${'a'.repeat(32)}`])('is not in %s', (text) =>
    expect(traceIdIn(text)).toBeNull(),
  )
})

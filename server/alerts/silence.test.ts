import { expect, it } from 'vitest'
import { matches } from './silence.ts'

const record = {
  ruleId: 'a'.repeat(16),
  series: { kind: 'proxy' as const, id: 'b'.repeat(16), name: 'payments.shop sidecar', fidelity: 'bounded' as const },
  labels: { team: 'pay' },
}

it.each([
  [{ rule: 'a'.repeat(16) }, true],
  [{ rule: 'c'.repeat(16) }, false],
  [{ fingerprint: `proxy:${'b'.repeat(16)}` }, true],
  [{ fingerprint: `hop:${'b'.repeat(16)}` }, false],
  [{ series: 'payments.shop sidecar' }, true],
  [{ series: 'payments.shop' }, false],
  [{ series: 'payments.*' }, true],
  [{ series: '*SIDECAR' }, true],
  [{ series: 'pay*shop*car' }, true],
  [{ series: '*' }, true],
  [{ series: 'payments.shop sidecar*sidecar' }, false],
  [{ series: 'pay*xx*' }, false],
  [{ series: '.*' }, false],
  [{ labels: { team: 'pay' } }, true],
  [{ labels: { team: 'shop' } }, false],
  [{ labels: { constructor: 'x' } }, false],
  [{ rule: 'a'.repeat(16), series: 'cart*' }, false],
  [{ rule: 'a'.repeat(16), series: 'pay*', labels: { team: 'pay' } }, true],
])('a silence of %o matches: %s', (matcher, is) => {
  expect(matches(matcher, record)).toBe(is)
})

it('takes no longer for many stars than for a few', () => {
  expect(
    matches({ series: '*a'.repeat(150) + 'b' }, { ...record, series: { ...record.series, name: 'a'.repeat(500) } }),
  ).toBe(false)
})

import { expect, test } from 'vitest'
import { distribution, egress, exampleOverview } from './example.ts'
import { verdictOf, type Verdict } from './verdict.ts'

const hour = 3_600_000
const sentence = ({ parts }: Verdict) =>
  parts
    .map((part) => (typeof part === 'string' ? part : part.strong))
    .join('')
    .replaceAll('\u202f', ' ')

test('slower: claim, cause, figure, and how much of it is the applications’ own', () => {
  const verdict = verdictOf(exampleOverview(), hour)
  expect(sentence(verdict)).toBe(
    'Slower than the hour before: p99 rose by 126 ms to 412 ms. mesh-egress adds 18.3 ms more at p99. ' +
      'Applications take 75 % of such a request, proxies at most 14 %.',
  )
  expect(verdict).toMatchObject({ tone: 'slower', cause: { name: 'mesh-egress' }, slowNs: 412e6 })
})

test('a change that chance explains, or that is small, is nothing unusual', () => {
  const quantiles = [61.4, 90, 140, 188, 412, 700]
  const few = verdictOf(
    exampleOverview({
      endToEnd: distribution(2_100, quantiles),
      endToEndBefore: distribution(2_100, [60, 88, 139, 180, 365, 640]),
      movers: [],
    }),
    hour,
  )
  expect(few.tone).toBe('calm')
  const small = verdictOf(exampleOverview({ endToEndBefore: distribution(1e6, [61, 89, 139, 186, 405, 690]) }), hour)
  expect(small.tone).toBe('calm')
  expect(sentence(small)).toMatch(/^Nothing unusual: p99 is 412 ms, against 405 ms in the hour before\./)
})

test('a proxy that got much slower is told even when whole requests did not', () => {
  const overview = exampleOverview({
    endToEndBefore: distribution(118_204, [61, 89, 139, 186, 405, 690]),
    movers: [{ ...egress, afterNs: 43.8e6, diffNs: 40e6 }],
  })
  expect(sentence(verdictOf(overview, hour))).toBe(
    'Nothing unusual end to end: p99 is 412 ms, against 405 ms in the hour before. mesh-egress adds 40.0 ms more at p99.',
  )
})

test('nothing that moved the other way, or hardly, is named as a cause', () => {
  const away = { ...egress, diffNs: -18e6 }
  const hardly = { ...egress, diffNs: 2e6 }
  const verdict = verdictOf(exampleOverview({ movers: [away, hardly] }), hour)
  expect(verdict.cause).toBeNull()
  expect(sentence(verdict)).toContain('No proxy or hop rose with it.')
})

test('faster says so', () => {
  const { endToEnd, endToEndBefore } = exampleOverview()
  const verdict = verdictOf(
    exampleOverview({
      endToEnd: endToEndBefore,
      endToEndBefore: endToEnd,
      movers: [{ ...egress, diffNs: -18.3e6 }],
    }),
    hour,
  )
  expect(verdict.tone).toBe('faster')
  expect(sentence(verdict)).toContain('p99 fell by 126 ms to 286 ms. mesh-egress adds 18.3 ms less at p99.')
})

test('too little traffic is said, with how much there was and is needed; nothing before is no verdict', () => {
  const verdict = verdictOf(exampleOverview({ requests: 34, endToEnd: distribution(34, [61]) }), 15 * 60_000)
  expect(sentence(verdict)).toBe('Too little to judge by: 34 whole requests in 15 min, a median needs 200.')
  expect(verdict).toMatchObject({ tone: 'quiet', slowNs: null })
  const first = verdictOf(exampleOverview({ endToEndBefore: distribution(0, []) }), hour)
  expect(sentence(first)).toMatch(/^p99 is 412 ms; the hour before had too little traffic to compare with\./)
})

test('with fewer requests the verdict is about the highest percentile that may be stated', () => {
  const verdict = verdictOf(
    exampleOverview({
      endToEnd: distribution(900, [61, 90, 140, 188]),
      endToEndBefore: distribution(900, [30, 50, 70, 80]),
      movers: [],
      splits: [],
    }),
    hour,
  )
  expect(sentence(verdict)).toBe(
    'Slower than the hour before: p95 rose by 108 ms to 188 ms. No proxy or hop rose with it.',
  )
})

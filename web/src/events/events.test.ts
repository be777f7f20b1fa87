import { describe, expect, it } from 'vitest'
import type { EventItem } from '../../../server/api/contract-events.ts'
import { eventInWords, eventsOn, marksOf } from './events.ts'

const event = (title: string, labels: Record<string, string>, more: Partial<EventItem> = {}): EventItem => ({
  ...{ id: '00000000000000aa', source: 'told', kind: 'deploy', title, atUnixNano: '1000000000', labels, proxyId: null },
  ...more,
})
const all = [
  event('freeze', {}),
  event('pay 2', { service: 'pay' }),
  event('pay 2 in eu', { service: 'pay', cluster: 'eu' }),
  event(
    'side 2',
    { service: 'pay', version: '2', before: '1' },
    { id: null, source: 'seen', proxyId: '0000000000000001' },
  ),
]
const titles = (...asked: Parameters<typeof eventsOn> extends [unknown, ...infer Rest] ? Rest : never) =>
  eventsOn(all, ...asked).map(({ title }) => title)

describe('events on a page', () => {
  it('of everything are all, of a place those that are not elsewhere', () => {
    expect(titles({}, () => '')).toHaveLength(4)
    expect(titles({}, (place) => (place === 'cluster' ? 'us' : ''))).toEqual(['freeze', 'pay 2', 'side 2'])
  })
  it('of a proxy are its versions, and what was told of no service or of its own', () => {
    expect(titles({ proxies: ['0000000000000001'], services: [] }, () => '')).toEqual(['freeze', 'side 2'])
    expect(titles({ proxies: ['0000000000000002'], services: ['pay'] }, () => '')).toEqual([
      'freeze',
      'pay 2',
      'pay 2 in eu',
    ])
  })
  it('say what they are, and of one title the first is marked', () => {
    expect(all.map(eventInWords)).toEqual(['deploy', 'deploy', 'deploy', 'new version, 1 before'])
    expect(marksOf([event('x', {}), event('x', {}, { atUnixNano: '2000000000' })])).toEqual([{ ms: 1_000, title: 'x' }])
  })
})

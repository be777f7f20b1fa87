import { describe, expect, it } from 'vitest'
import { newAdmission, Overloaded, type Admission, type Sender } from './admission.ts'
import { newRates, noKey } from './rates.ts'

const mb = 2 ** 20
const sender = (address: string, connection: object = {}): Sender => ({ key: noKey, address, connection })

/** Requests of 1 MB until one is refused, over one connection or a new one for each; how many were let in. */
function fill(admission: Admission, address: string, one?: object): number {
  for (let n = 0; ; n++) {
    try {
      admission.enter(sender(address, one ?? {}), mb).grow(mb)
    } catch (error) {
      expect(error).toBeInstanceOf(Overloaded)
      return n
    }
  }
}

describe('admission', () => {
  it('leaves room for others whatever one client sends over however many connections', () => {
    const admission = newAdmission(256 * mb)
    const noisy = fill(admission, '10.0.0.1')
    expect(noisy).toBeGreaterThan(128)
    expect(noisy).toBeLessThan(175)
    expect(fill(admission, '10.0.0.2')).toBeGreaterThan(50)
    for (let i = 3; i < 6; i++) expect(fill(admission, `10.0.0.${i}`), `client ${i}`).toBeGreaterThan(0)
    expect(admission.taken()).toBeLessThanOrEqual(256 * mb)
  })

  it('leaves room for the other connections of an address', () => {
    const admission = newAdmission(256 * mb)
    const heavy = fill(admission, '127.0.0.1', {})
    expect(heavy).toBe(128)
    expect(fill(admission, '127.0.0.1', {})).toBeGreaterThan(25)
    expect(fill(admission, '127.0.0.1', {})).toBeGreaterThan(5)
  })

  it('refuses by the length that is announced, and counts what has come', () => {
    const admission = newAdmission(128 * mb)
    const heavy = sender('10.0.0.1')
    const entered = admission.enter(heavy, 80 * mb)
    expect(admission.taken()).toBe(0)
    entered.grow(80 * mb)
    expect(() => admission.enter(heavy, 20 * mb)).toThrow(Overloaded)
    expect(() => entered.grow(60 * mb)).toThrow(Overloaded)
    entered.leave()
    expect([admission.taken(), admission.clients()]).toEqual([0, 0])
    admission.enter(heavy, 20 * mb)
  })
})

describe('limits of a key', () => {
  const key = { name: 'a', spansPerSecond: 1_000, bytesPerSecond: null }

  it('hold on average: what one request takes too much is paid off before the next', () => {
    let now = 0
    const rates = newRates(() => now)
    let taken = 0
    for (; now < 60_000; now += 10) {
      if (rates.waitSeconds(key) > 0) continue
      rates.use(key, 300, 1)
      taken += 300
    }
    expect(taken).toBeGreaterThan(59_000)
    expect(taken).toBeLessThanOrEqual(61_500)
    rates.use(key, 10_000, 1)
    const wait = rates.waitSeconds(key)
    expect(wait).toBeGreaterThanOrEqual(9)
    now += wait * 1000 + 1
    expect(rates.waitSeconds(key)).toBe(0)
  })

  it('that are lifted or changed hold from the next request on', () => {
    let now = 0
    const rates = newRates(() => now)
    rates.use(key, 100_000, 0)
    expect(rates.waitSeconds(key)).toBe(99)
    expect(rates.waitSeconds({ ...key, spansPerSecond: null })).toBe(0)
    expect(rates.waitSeconds({ ...key, spansPerSecond: null, bytesPerSecond: 10 })).toBe(1)
    now += 100
    expect(rates.waitSeconds({ ...key, spansPerSecond: null, bytesPerSecond: 10 })).toBe(0)
  })
})

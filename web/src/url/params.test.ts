import { describe, expect, it } from 'vitest'
import { carriedOf, isFromNewerRelease, upgraded, version, withParams, type Upgrader } from './params.ts'

const rename = (from: string, to: string): Upgrader => {
  return (params) => {
    const value = params.get(from)
    params.delete(from)
    if (value !== null) params.set(to, value)
  }
}

describe('the query of an address', () => {
  it('of an old version goes through every step since, and keeps what no step knows', () => {
    const steps = [rename('since', 'start'), rename('start', 'from')]
    expect(upgraded('?since=now-6h&mine=1&v=1', steps)).toBe('?mine=1&from=now-6h&v=3')
    expect(upgraded('?start=now-6h&v=2', steps)).toBe('?from=now-6h&v=3')
  })

  it.each(['', '?from=now-6h', '?since=now-6h&v=3', '?since=now-6h&v=9', '?since=1&v=x', '?since=1&v=0'])(
    'without a version, of the newest, a newer or none that is one stays as it is: %j',
    (search) => {
      expect(upgraded(search, [rename('since', 'start'), rename('start', 'from')])).toBe(search)
    },
  )

  it('says its version, and is told from a newer one', () => {
    expect(withParams('?mine=1', { from: 'now-6h', to: null })).toBe(`?mine=1&from=now-6h&v=${version}`)
    expect(withParams('?from=now-6h&v=1', { from: null })).toBe('')
    expect([`?v=${version}`, '?v=99', '?v=x', ''].map(isFromNewerRelease)).toEqual([false, true, true, false])
  })

  it('of the first version calls the form of a trace by its name', () => {
    expect(upgraded('?as-a=flame&span=x&v=1')).toBe('?span=x&form=flame&v=2')
  })

  it('takes range and scope along to other screens, nothing else', () => {
    expect(carriedOf('?from=now-6h&cluster=eu&sel=x&v=1')).toEqual({ from: 'now-6h', cluster: 'eu' })
  })
})

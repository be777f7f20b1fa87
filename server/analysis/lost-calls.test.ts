import { describe, expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { analyseTrace } from './analyse.ts'

const us = 1000
const analyse = (drawing: string) => analyseTrace(picture(drawing), { networkRttNs: null })
const gateway = (drawing: string) => analyse(drawing).proxies.find(({ identity }) => identity.family === 'krakend')!

/** A gateway that calls two backends; the span of the second call is lost in `lost`. */
const both = `
  g S krakend 0-10000
    a C krakend 500-4000
      A S go:a 700-3800
    b C krakend 500-9000
      B S go:b 700-8800`
const lost = both.replace('    b C krakend 500-9000\n      B S go:b 700-8800', '    B S go:b 700-8800 parent=b')

describe('a call of a gateway whose span is lost', () => {
  it('leaves an upper bound where what was called shows that there was one (section 6)', () => {
    expect(gateway(both).overhead).toMatchObject({ ns: 1500 * us, fidelity: 'exact' })
    const { overhead, requestPath, responsePath, added } = gateway(lost)
    expect(overhead).toMatchObject({ ns: null, loNs: 0, hiNs: 6500 * us, fidelity: 'bounded' })
    expect(overhead.reasons).toContain('missing_parent')
    expect([requestPath.fidelity, responsePath.fidelity]).toEqual(['bounded', 'bounded'])
    expect(added.loNs ?? 0).toBe(0)
  })

  it('leaves no lower bound of the tax, and an upper one that holds what may be the gateway’s', () => {
    const { gateway: tax } = analyse(both).tax
    expect([tax.lowerNs, tax.upperNs]).toEqual([1500 * us, 1500 * us])
    const { gateway: doubtful } = analyse(lost).tax
    expect(doubtful).toMatchObject({ lowerNs: 0, estimateNs: null })
    expect(doubtful.upperNs).toBeGreaterThanOrEqual(6500 * us)
    expect(analyse(lost).criticalPath.map((segment) => segment.class)).not.toContain('gateway.proc')
  })

  it('is not suspected where the orphan is too long for it, no server, or the gateway itself below one', () => {
    expect(gateway(lost.replace('700-8800', '700-20800')).overhead.fidelity).toBe('exact')
    expect(gateway(lost.replace('B S', 'B I')).overhead.fidelity).toBe('exact')
    expect(gateway(both.replace('g S krakend 0-10000', 'g S krakend 0-10000 parent=gone')).overhead.fidelity).toBe(
      'exact',
    )
  })
})

it('a caller whose clock stands still for up to 2 ms leaves so much more to its callee', () => {
  const drawing = `
  n S nginx 0-10000
    i S in:a 1000-9500
      A S go:a 1200-9300`
  const [proxy] = analyse(drawing).proxies.filter(({ identity }) => identity.role === 'sidecar-inbound')
  expect(proxy!.added.hiNs).toBe((10000 - 8100 + 2000) * us)
})

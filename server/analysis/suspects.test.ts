import { expect, it } from 'vitest'
import { picture } from '../../test/picture.ts'
import { analyseTrace } from './analyse.ts'
import { suspectedGateways } from './suspects.ts'

const suspects = (drawing: string) => {
  const trace = analyseTrace(picture(drawing), { networkRttNs: null })
  expect([trace.proxies, trace.tax.gateway.upperNs]).toEqual([[], 0])
  return suspectedGateways(trace)
}
const server = 'http.request.method=GET url.path=/orders/42'
const client = 'http.request.method=GET url.full=http://orders:8080/orders/42?x=1'

it('suspects what passes requests on unchanged and waits (Z1), and counts it nowhere', () => {
  expect(
    suspects(`
    f S go:ocelot 0-1000 ${server}
      u C go:ocelot 50-950 ${client}
        s S go:orders 100-900 ${server}`),
  ).toEqual([{ spanId: 'f', service: 'ocelot' }])
})

it.each([
  ['works itself', 'u C go:ocelot 50-700', client, ''],
  ['asks for something else', 'u C go:ocelot 50-950', client.replace('/42', '/43'), ''],
  ['has work of its own', 'u C go:ocelot 50-950', client, '\n      w I go:ocelot 0-40'],
  ['asks a database', 'u C go:ocelot 50-950', client, '\n      d C go:ocelot 0-40 db.system.name=redis'],
])('does not suspect what %s', (_, call, attributes, more) => {
  expect(
    suspects(`
    f S go:ocelot 0-1000 ${server}
      ${call} ${attributes}${more}`),
  ).toEqual([])
})

import { expect, it } from 'vitest'
import { lastWord } from './hash.ts'
import { internalised } from './internalised.ts'

it.each(['', 'node-3', '8080', '__proto__', 'constructor', 'ä €\u0000', '\ud800'])(
  'internalises %j as itself',
  (text) => expect(internalised(text)).toBe(text),
)

it.each(['0af7651916cd43dd8448eb211c80319c', 'ffffffff', '00000000000000000000000000000001', 'FFFFFFFE', '1f'])(
  'reads the last eight digits of %s',
  (id) => expect(lastWord(id)).toBe(parseInt(id.slice(-8), 16)),
)

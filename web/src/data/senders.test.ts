import { expect, it } from 'vitest'
import type { Sender } from '../../../server/api/contract-catalogue.ts'
import { refusedOf, refusedText } from './senders.ts'

const refused = { malformed: 0, unauthenticated: 0, overloaded: 0, limited: 0, spoolFull: 0, unavailable: 0 }

it('says what was refused and why, and nothing where nothing was', () => {
  const sender = { refused: { ...refused, malformed: 2, limited: 1_200 } } as Sender
  expect(refusedOf(sender)).toBe(1_202)
  expect(refusedText(sender)).toMatch(/^2 not valid, 1.200 asked to wait: over the limit of the key$/)
  expect(refusedText({ refused } as Sender)).toBe('')
})

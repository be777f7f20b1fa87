import { expect, test } from 'vitest'
import { csvOf } from './csv.ts'

test('a table reads back with its query, quoted where it must be, unknown as nothing', () => {
  const csv = csvOf(['route', 'n', 'p50 ns'], [['GET /a,"b"', 3, 1_204], ['', 1, null]], '/api/v1/proxies/1?from=1') // prettier-ignore
  expect(csv).toBe('# /api/v1/proxies/1?from=1\r\nroute,n,p50 ns\r\n"GET /a,""b""",3,1204\r\n,1,\r\n')
})

test('a value that a spreadsheet would run is text; a negative number stays a number', () => {
  expect(csvOf(['v'], [['=HYPERLINK(1)'], [-5]], 'q')).toContain("'=HYPERLINK(1)\r\n-5")
})

import { describe, expect, it } from 'vitest'
import { parseRules } from './rules.ts'

/** Texts that a parser may be made to choke on; what takes long is ended from outside (server/api/try-rules-process.ts). */
const nine = (name: string) => Array.from({ length: 9 }, () => `*${name}`).join()
const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${nine('abcdefghi'[i]!)}]`),
]
const rule = '{ name: x, match: { service: y }, is: { role: app } }'

const texts: Record<string, string> = {
  'fifty thousand brackets': '['.repeat(50_000),
  'closed ones': '['.repeat(20_000) + ']'.repeat(20_000),
  'JSON that deep': '{"a":'.repeat(5000) + '1' + '}'.repeat(5000),
  'sequences in sequences on one line': '- '.repeat(50_000),
  'keys of keys': '? '.repeat(50_000),
  'maps ever further in': Array.from({ length: 700 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
  'aliases of aliases': bomb.join('\n'),
  'an alias of itself': 'rules: &a [*a]',
  bytes: Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 256)).toString('latin1'),
  zeros: '\0'.repeat(100_000),
  'more than 256 KiB': '#'.repeat(256 * 1024 + 1),
  'too many rules': `rules:\n${`  - ${rule}\n`.repeat(201)}`,
  'a tag that is code elsewhere': 'rules: !!js/function "x"',
  'a prototype': 'rules: []\n__proto__: { a: 1 }',
  'a long key': `${'a'.repeat(200_000)}: 1`,
  'many documents': '---\n'.repeat(20_000),
  'equal keys': 'k: 1\n'.repeat(3000),
}

describe.each(Object.entries(texts))('a rules file of %s', (_, text) => {
  it('is refused in a line', () => {
    const parsed = parseRules(text)
    if (!('problems' in parsed)) throw new Error('was taken')
    expect(parsed.problems.length).toBeGreaterThan(0)
    expect(parsed.problems.length).toBeLessThanOrEqual(50)
    for (const { line, reason } of parsed.problems) {
      expect(line).toBeGreaterThanOrEqual(1)
      expect(reason.length).toBeLessThan(310)
    }
  })
})

it('brackets inside texts, deep indentation of values and tabs are none of these', () => {
  const regex = `{ name: "[[[", match: { span: { regex: "^\\\\[[a-z]+" } }, is: { role: app } }`
  const parsed = parseRules(`rules:\n  - ${regex}\n  -${' '.repeat(90)}${rule}\n\t\n`)
  expect('rules' in parsed && parsed.rules.map(({ name }) => name)).toEqual(['[[[', 'x'])
})

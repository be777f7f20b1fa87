import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, describe, expect, it } from 'vitest'
import { openRulesFile } from './rules-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'hopscope-rules-'))
afterAll(() => rmSync(directory, { recursive: true }))

const one = (name: string) => `rules: [{ name: ${name}, match: { scope: x }, is: { role: app } }]\n`
const written: string[] = []
const log = pino({}, { write: (line: string) => void written.push(line) })
const until = async (condition: () => boolean) => {
  for (let i = 0; i < 300 && !condition(); i++) await sleep(100)
  expect(condition()).toBe(true)
}

describe('rules file', () => {
  it(
    'is read again when it changes; one with errors changes nothing and is told in one line',
    { timeout: 90_000 },
    async () => {
      const path = join(directory, 'rules.yaml')
      writeFileSync(path, one('first'))
      const file = openRulesFile(path, log)
      const heard: string[] = []
      file.subscribe((rules) => heard.push(rules[0]!.name))
      const names = () => file.current().map((rule) => rule.name)
      expect(names()).toEqual(['first'])
      expect(file.current()).toBe(file.current())

      writeFileSync(path, 'rules:\n  - { name: broken }\n')
      await until(() => written.length > 0)
      expect(JSON.parse(written[0]!)).toMatchObject({
        level: 50,
        file: path,
        reason: expect.stringContaining('line 2: ') as string,
      })
      expect([names(), heard]).toEqual([['first'], []])

      writeFileSync(path, one('second'))
      await until(() => heard.length > 0)
      expect([names(), heard, written.length]).toEqual([['second'], ['second'], 2])
      file.close()
    },
  )

  it('stops the start when it cannot be used', () => {
    expect(() => openRulesFile(join(directory, 'none.yaml'), log)).toThrow(
      /HOPSCOPE_RULES_FILE=.*none\.yaml: cannot be read \(ENOENT\)/,
    )
    const path = join(directory, 'bad.yaml')
    writeFileSync(path, 'rules:\n  - { name: broken }\n')
    expect(() => openRulesFile(path, log)).toThrow(/line 2: rules\.0\.match/)
  })
})

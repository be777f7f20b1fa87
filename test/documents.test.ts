import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** What the documents say of files is so. */
const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

it('CONTRIBUTING shows a proxy family as it is in the tree', () => {
  const diff = /```diff\n(.*?)```/s.exec(read('CONTRIBUTING.md'))![1]!
  const parts = diff.split(/^--- .*\n\+\+\+ b\//m).slice(1)
  expect(parts).toHaveLength(3)
  for (const part of parts) {
    const [file = '', ...lines] = part.trimEnd().split('\n')
    const shown = lines.filter((line) => !line.startsWith('@@')).map((line) => line.slice(1))
    const text = read(file)
    if (file.endsWith('caddy.ts')) expect(shown.join('\n')).toBe(text.trimEnd())
    for (const line of shown) expect(text.split('\n'), file).toContain(line)
  }
  const dump = /```\n(# default span.*?)```/s.exec(read('CONTRIBUTING.md'))![1]!
  expect(read('test/fixtures/families/caddy.txt').startsWith(dump)).toBe(true)
})

describe('ARCHITECTURE: how a number is made', () => {
  const section = /## How a number is made\n(.*?)\n## /s.exec(read('ARCHITECTURE.md'))![1]!
  const named = [...section.matchAll(/`([\w./-]+\.(?:ts|sql|svelte))`/g)].map((match) => match[1]!)
  const below = ['collector', 'server', 'web/src', 'migrations'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )

  it.each(named)('%s is there', (file) => {
    const found = below.some((place) => place === file || place.endsWith(`/${file}`))
    expect(found).toBe(true)
  })
})

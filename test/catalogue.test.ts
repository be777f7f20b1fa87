import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/**
 * The worked cases of the contract of numbers (algorithms.md section 12), one test each, whose title begins with the case's
 * name and a colon. Here, so that none is lost.
 */
const catalogue: Record<string, number> = {
  SELF: 5,
  LEG: 3,
  HOP: 5,
  PROXY: 7,
  CP: 11,
  SKEW: 5,
  TAX: 2,
  MISS: 4,
  SK: 3,
  EXPL: 1,
  REG: 8,
  WHATIF: 3,
}

const root = fileURLToPath(new URL('..', import.meta.url))
const title = /\b(?:it|test)(?:\.\w+)*\(\s*(['"`])([A-Z]+-\d+): /g
const titles = ['server', 'test']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
  )
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(title)].map((match) => match[2]!))

it('every case of the catalogue is one test', () => {
  const names = Object.entries(catalogue).flatMap(([group, size]) =>
    Array.from({ length: size }, (_, i) => `${group}-${i + 1}`),
  )
  const count = (name: string) => titles.filter((found) => found === name).length
  expect(Object.fromEntries(names.map((name) => [name, count(name)]))).toEqual(
    Object.fromEntries(names.map((name) => [name, 1])),
  )
})

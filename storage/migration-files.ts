import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { StartError } from './start-error.ts'

/** A numbered file of migrations/, applied once and never changed after that. */
export interface Migration {
  number: number
  /** The name of its file. */
  name: string
  /** SHA-256 of its text, hex. */
  checksum: string
  statements: string[]
}

/**
 * The migrations of a folder in their order.
 * @throws StartError when a name has no number, or two have the same.
 */
export async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const migrations = await Promise.all(
    names.map(async (name) => {
      const number = Number(/^(\d+)_/.exec(name)?.[1])
      if (!number) throw new StartError(`migration ${name} has no number: its name begins like 0001_`)
      const text = await readFile(new URL(name, folder), 'utf8')
      const checksum = createHash('sha256').update(text).digest('hex')
      return { number, name, checksum, statements: splitStatements(text) }
    }),
  )
  migrations.sort((a, b) => a.number - b.number)
  const twice = migrations.find((m, i) => m.number === migrations[i + 1]?.number)
  if (twice) throw new StartError(`two migrations have the number ${twice.number}`)
  return migrations
}

/** Statements end with a `;` at the end of a line; what is only comment is none. */
export function splitStatements(text: string): string[] {
  return text
    .split(/;[ \t]*(?:\r?\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/^\s*--.*$/gm, '').trim() !== '')
}

import { readFileSync } from 'node:fs'

/** The text of a `.sql` file beside the module that calls it: `loadSql(import.meta.url, 'name.sql')`. */
export function loadSql(moduleUrl: string, name: string): string {
  return readFileSync(new URL(name, moduleUrl), 'utf8')
}

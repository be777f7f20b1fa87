import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * Arguments for `node` to run another module of this program in a process of its own: the compiled module from
 * compiled code, the source through tsx from source (tests, development).
 * @param module path without extension, relative to `from`. @param from the caller's import.meta.url.
 */
export function entryArgs(module: string, from: string): string[] {
  if (!from.endsWith('.ts')) return [fileURLToPath(new URL(`${module}.js`, from))]
  const tsx = pathToFileURL(createRequire(from).resolve('tsx')).href
  return ['--import', tsx, fileURLToPath(new URL(`${module}.ts`, from))]
}

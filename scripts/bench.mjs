// `npm run bench -- NAME [--json FILE]`: builds what is stale, then runs one benchmark.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const helpers = new Set([
  'report',
  'floor',
  'truth',
  'generate',
  'load',
  'copies',
  'usage',
  'sending',
  'otelcol',
  'map-traffic',
  'page-cost',
  'large-trace',
  'web-parts',
])
const names = readdirSync(file('../bench'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => name.slice(0, -3))
  .filter((name) => !helpers.has(name))
const [name, ...rest] = process.argv.slice(2)
if (!names.includes(name)) {
  console.error(`npm run bench -- NAME [--json FILE], NAME one of: ${names.join(', ')}`)
  process.exit(1)
}
const run = (args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1
process.exitCode = run([file('./build.mjs'), '--if-stale']) || run([file(`../dist/bench/${name}.js`), ...rest])

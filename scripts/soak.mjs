// `npm run soak -- NAME …`: builds what is stale, then runs one of the long tests.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const files = { fuzz: 'fuzz/soak', faults: 'faults/soak', outages: 'faults/outages' }
const names = Object.keys(files)
const [name, ...rest] = process.argv.slice(2)
if (!names.includes(name)) {
  console.error(`npm run soak -- NAME, NAME one of: ${names.join(', ')}`)
  process.exit(1)
}
const run = (args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1
process.exitCode =
  run([file('./build.mjs'), '--if-stale', '--server']) || run([file(`../dist/test/${files[name]}.js`), ...rest])

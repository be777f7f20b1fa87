// `npm run reanalyse`, `npm run keys`: builds what is stale, then runs that module of process/ with the rest of the command line.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const run = (args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1
const [command, ...rest] = process.argv.slice(2)
process.exitCode =
  run([file('./build.mjs'), '--if-stale', '--server']) || run([file(`../dist/process/${command}.js`), ...rest])

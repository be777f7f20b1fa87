// `npm run keys`: builds what is stale, then manages the API keys of exporters.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const run = (args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1
process.exitCode =
  run([file('./build.mjs'), '--if-stale', '--server']) ||
  run([file('../dist/process/keys.js'), ...process.argv.slice(2)])

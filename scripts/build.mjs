// Builds what a start needs: dist/ from TypeScript, SQL and JSON beside it, web/dist by Vite.
// --if-stale: only what is older than its sources; --server: without the web UI.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const flags = process.argv.slice(2)
const onlyStale = flags.includes('--if-stale')
const serverFolders = [
  'collector',
  'process',
  'server',
  'storage',
  'telemetry',
  'migrations',
  'bench',
  'test',
  'scripts',
]

/** Newest change below a folder or of a file, Unix ms; node_modules, dist and fixtures left out. */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  return readdirSync(path)
    .filter((name) => !['node_modules', 'dist', 'fixtures'].includes(name))
    .reduce((most, name) => Math.max(most, newest(join(path, name))), 0)
}

const isStale = (stamp, sources) => {
  const built = statSync(join(root, stamp), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return sources.some((source) => newest(join(root, source)) > built)
}

function run(command, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', command), ...args], {
    cwd: root,
    // Tests build too, and what they leave behind is what the next start serves.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

function buildServer() {
  run('typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
  for (const file of ['migrations', 'server', 'collector', 'storage'].flatMap((folder) =>
    dataFiles(join(root, folder)),
  )) {
    const to = join(root, 'dist', relative(root, file))
    mkdirSync(dirname(to), { recursive: true })
    cpSync(file, to)
  }
  writeFileSync(join(root, 'dist/.built'), '')
}

/** What the program reads beside itself. */
function dataFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(sql|json|wasm)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

function buildWeb() {
  run('vite/bin/vite.js', ['build', '--config', 'web/vite.config.ts', '--logLevel', 'warn'])
}

if (!onlyStale) rmSync(join(root, 'dist'), { recursive: true, force: true })
const common = ['package.json', 'tsconfig.build.json', 'tsconfig.json', 'tsconfig.base.json']
if (!onlyStale || isStale('dist/.built', [...serverFolders, ...common])) buildServer()
const hasWeb = existsSync(join(root, 'web/vite.config.ts'))
if (
  hasWeb &&
  !flags.includes('--server') &&
  (!onlyStale || isStale('web/dist/index.html', ['web', 'server/api', ...common]))
)
  buildWeb()

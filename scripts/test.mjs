// `npm test`: build, then types, lint and format one after the other beside all tests. What fails says what would mend it.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const env = { ...process.env, TZ: 'UTC', NO_COLOR: '1' }
const built = [
  {
    what: 'build',
    command: [process.execPath, 'scripts/build.mjs', '--if-stale'],
    mend: 'mend what the compiler says',
  },
  {
    what: 'bundle',
    command: [process.execPath, 'web/scripts/bundle.mjs'],
    mend: 'load what is heavy only where it is shown, see node web/scripts/bundle.mjs',
  },
]
const checks = [
  {
    what: 'web types',
    command: ['npx', 'svelte-check', '--tsconfig', 'web/tsconfig.json', '--fail-on-warnings', '--output', 'human'],
    mend: 'npm run types',
  },
  { what: 'lint', command: ['npx', 'eslint', '.', '--max-warnings=0'], mend: 'npm run format' },
  { what: 'format', command: ['npx', 'prettier', '--check', '--log-level', 'warn', '.'], mend: 'npm run format' },
]
const tests = [
  { what: 'tests', command: ['npx', 'vitest', 'run', ...process.argv.slice(2)], mend: 'npx vitest run FILE' },
]

/** Runs steps one after the other. @returns what to say of those that failed; after the first none is begun. */
async function inTurn(steps) {
  for (const { what, command, mend } of steps) {
    const startedAt = performance.now()
    const [program, ...args] = command
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', env })
    const code = await new Promise((resolve) => child.once('error', () => resolve(1)).once('exit', resolve))
    const failure = `\n${what} failed; to mend it: ${mend}`
    if (code !== 0) return (console.error(failure), [failure])
    console.log(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  }
  return []
}

let failures = await inTurn(built)
if (failures.length === 0) {
  failures = (await Promise.all([checks, tests].map(inTurn))).flat()
  // What failed beside the tests stands far above by now.
  if (failures.length > 0) console.error(failures.join(''))
}
process.exit(failures.length > 0 ? 1 : 0)

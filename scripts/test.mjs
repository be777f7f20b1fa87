// `npm test`: build, types, lint, format, then all tests. Stops at the first failure and says what would mend it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const env = { ...process.env, TZ: 'UTC', NO_COLOR: '1' }
const steps = [
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
  {
    what: 'web types',
    command: ['npx', 'svelte-check', '--tsconfig', 'web/tsconfig.json', '--fail-on-warnings', '--output', 'human'],
    mend: 'npm run types',
  },
  { what: 'lint', command: ['npx', 'eslint', '.', '--max-warnings=0'], mend: 'npm run format' },
  { what: 'format', command: ['npx', 'prettier', '--check', '--log-level', 'warn', '.'], mend: 'npm run format' },
  { what: 'tests', command: ['npx', 'vitest', 'run', ...process.argv.slice(2)], mend: 'npx vitest run FILE' },
]
for (const { what, command, mend } of steps) {
  const startedAt = performance.now()
  const [program, ...args] = command
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env })
  if (status !== 0) {
    console.error(`\n${what} failed; to mend it: ${mend}`)
    process.exit(status ?? 1)
  }
  console.log(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}

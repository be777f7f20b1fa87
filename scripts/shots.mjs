// `npm run shots [-- FOLDER [WORD…]]`: pictures of every screen in every state, made by test/browser/shots.ts.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { status } = spawnSync(process.execPath, ['--import', 'tsx', 'test/browser/shots.ts', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(status ?? 1)

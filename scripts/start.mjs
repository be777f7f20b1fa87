// `npm start`: builds what is older than its sources, then becomes hopscope.
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const { status } = spawnSync(process.execPath, [file('./build.mjs'), '--if-stale'], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

const child = spawn(process.execPath, [file('../dist/process/main.js'), ...process.argv.slice(2)], { stdio: 'inherit' })
// Ctrl-C reaches both; a signal to this process alone is passed on. Either way hopscope says when it is over.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))

// `node scripts/wasm.mjs`: compiles the collector's scanner for usual spans. The result is checked in, and test/wasm.test.ts holds it
// against its source: whoever builds hopscope needs no compiler for it.
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [to = join(root, 'collector/wire/wasm/spans.wasm')] = process.argv.slice(2)
/** Of 64 KiB; what the layout in the source takes. */
const pages = '5750'

execFileSync(
  process.execPath,
  [
    join(root, 'node_modules/assemblyscript/bin/asc.js'),
    join(root, 'collector/wire/wasm/spans.ts'),
    ...['--outFile', to, '--runtime', 'stub', '--noAssert', '-O3', '--converge', '--enable', 'simd'],
    ...['--initialMemory', pages, '--maximumMemory', pages],
  ],
  { stdio: 'inherit' },
)

// What a first visit loads and what each screen adds, gzipped; exits 1 above the limits. After a build: node web/scripts/bundle.mjs
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
const limits = { first: 120, screen: 40 }

const read = (file) => readFileSync(new URL(file, dist))
/** KiB. */
const weight = (files) => [...files].reduce((sum, file) => sum + gzipSync(read(file)).length, 0) / 1024
const manifest = JSON.parse(read('.vite/manifest.json'))

/** Files that come with an entry: its chunk, what that imports, their styles. */
function filesOf(key, files = new Set()) {
  const { file, css = [], imports = [] } = manifest[key]
  if (files.has(file)) return files
  for (const name of [file, ...css]) files.add(name)
  for (const name of imports) filesOf(name, files)
  return files
}

const first = new Set(['index.html', ...filesOf('index.html')])
const screens = Object.keys(manifest)
  .filter((key) => /^src\/screens\/\w+\.svelte$/.test(key))
  .map((key) => ({
    name: key.replace(/^.*\/|\.svelte$/g, ''),
    kib: weight([manifest[key].file, ...(manifest[key].css ?? [])]),
    // Charts and other parts that several screens share are loaded once.
    withShared: weight([...filesOf(key)].filter((file) => !first.has(file))),
  }))
const fonts = Object.values(manifest).filter(({ file }) => file.endsWith('.woff2'))

const rows = [
  { name: 'first load', kib: weight(first), limit: limits.first },
  ...screens.map((screen) => ({ ...screen, limit: limits.screen })),
]
for (const { name, kib, limit, withShared } of rows) {
  const shared = withShared === undefined ? '' : `, ${withShared.toFixed(1)} with what it shares`
  console.log(
    `${name.padEnd(12)} ${kib.toFixed(1).padStart(6)} KiB of ${limit}${shared}${kib > limit ? '  TOO MUCH' : ''}`,
  )
}
const fontKib = fonts.reduce((sum, { file }) => sum + read(file).length, 0) / 1024
console.log(`${'fonts'.padEnd(12)} ${fontKib.toFixed(1).padStart(6)} KiB, not counted: text shows without them`)
if (rows.some(({ kib, limit }) => kib > limit)) process.exit(1)

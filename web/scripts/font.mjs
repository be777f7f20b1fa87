/**
 * Cuts Inter down to the characters the UI uses and writes web/src/fonts/inter.woff2 (committed). The Latin subsets on npm
 * lack the signs of measurement, so the whole font is cut here. Run again after a new inter-ui: node web/scripts/font.mjs
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import subsetFont from 'subset-font'

const modules = new URL('../../node_modules/', import.meta.url)
const fonts = new URL('../src/fonts/', import.meta.url)

let text = '≤≥≈±×−→←↑↓Δθ…∪\u2009\u202f–—‘’“”·'
for (let code = 0x20; code <= 0x17f; code++) text += String.fromCodePoint(code)

await mkdir(fonts, { recursive: true })
const whole = await readFile(new URL('inter-ui/variable/InterVariable.woff2', modules))
const cut = await subsetFont(whole, text, {
  targetFormat: 'woff2',
  variationAxes: { opsz: 14, wght: { min: 400, max: 650 } },
})
await writeFile(new URL('inter.woff2', fonts), cut)
await copyFile(
  new URL('@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2', modules),
  new URL('jetbrains-mono.woff2', fonts),
)
process.stdout.write(`inter.woff2 ${(cut.length / 1024).toFixed(1)} KiB\n`)

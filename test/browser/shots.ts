import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { sizes, startSite, themes, type Site, type Size } from './browser.ts'
import { emptyScreens, screensWithData, type Screen } from './screens.ts'

/** `npm run shots [-- FOLDER]`: every screen, with data and without, in both themes and all sizes. */
const folder = resolve(process.argv[2] ?? 'shots')
await mkdir(folder, { recursive: true })

async function shoot(site: Site, screens: readonly Screen[], kind: string): Promise<void> {
  for (const { name, path } of screens)
    for (const theme of themes)
      for (const size of Object.keys(sizes) as Size[]) {
        const { page, context, complaints } = await site.open(path, { theme, size })
        const file = `${name.toLowerCase()}-${kind}-${sizes[size].width}-${theme}.png`
        await page.screenshot({ path: join(folder, file) })
        console.log(file, ...complaints)
        await context.close()
      }
}

for (const [traces, kind] of [
  [0, 'empty'],
  [4000, 'data'],
] as const) {
  const site = await startSite(traces)
  try {
    await shoot(site, traces === 0 ? emptyScreens : await screensWithData(site.hopscope.apiUrl), kind)
  } finally {
    await site.close()
  }
}

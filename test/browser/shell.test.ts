import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, startSite, themes, type Site } from './browser.ts'

let site: Site
beforeAll(async () => {
  site = await startSite(0)
})
afterAll(() => site?.close())

describe('an address that no screen has', () => {
  it.each(themes)('says so and leads on, in %s', async (theme) => {
    const { page, context, complaints } = await site.open('/nowhere', { theme })
    await page.getByRole('heading', { name: 'There is no page at this address.' }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.getByRole('main').getByRole('link', { name: 'Overview' }).click()
    expect(new URL(page.url()).pathname).toBe('/')
    await context.close()
  })
})

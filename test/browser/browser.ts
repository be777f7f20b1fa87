import { AxeBuilder } from '@axe-core/playwright'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { startHopscope, type RunningHopscope } from '../harness.ts'
import { findChromium } from './chromium.ts'
import { sendRecorded } from './traffic.ts'

export const themes = ['light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** Sizes that screens are made for, CSS px. */
export const sizes = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
} as const
export type Size = keyof typeof sizes

export interface View {
  theme?: Theme
  size?: Size
  /** Where the browser stands: `Asia/Kolkata`; UTC when left out. */
  timeZone?: string
}

export interface Opened {
  page: Page
  context: BrowserContext
  /** What the page complained about: console errors, uncaught exceptions, answers of 400 and above. */
  complaints: string[]
}

/** A browser that looks at one hopscope. */
export interface TestBrowser {
  /** Opens `/hops?q=cart` in a context of its own and waits until nothing is loading. */
  open(path: string, view?: View): Promise<Opened>
  /** The same without an address: for what must stand before the first. */
  blank(view?: View): Promise<Opened>
  close(): Promise<void>
}

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Else letters stand on whole pixels, wider apart than on any screen.
  '--font-render-hinting=none',
]

export async function startBrowser(baseUrl: string): Promise<TestBrowser> {
  const { path: executablePath, env } = await findChromium()
  const browser = await chromium.launch({ executablePath, args: flags, env: { ...process.env, ...env } })
  const blank = async ({ theme = 'light', size = 'desktop', timeZone = 'UTC' }: View = {}): Promise<Opened> => {
    const context = await browser.newContext({
      baseURL: baseUrl,
      // With LANG=C.UTF-8 Chromium makes up a locale that Intl refuses.
      locale: 'en-US',
      timezoneId: timeZone,
      colorScheme: theme,
      viewport: sizes[size],
      ...(size === 'phone' ? { hasTouch: true, isMobile: true, deviceScaleFactor: 2 } : {}),
    })
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`)
    })
    return { page, context, complaints }
  }
  return {
    blank,
    async open(path, view) {
      const opened = await blank(view)
      await opened.page.goto(path)
      await loaded(opened.page)
      return opened
    },
    close: () => browser.close(),
  }
}

/** What of a page is not there yet, in words; `''` when it stands. Asked a frame and a task after what was done last. */
const missing = `new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(
  !document.querySelector('main > *') ? 'a screen'
    : document.querySelector('[data-asking]') ? 'an answer'
    : document.querySelector('[aria-busy="true"], .skeleton') ? 'a part'
    : document.fonts.status === 'loading' ? 'a font' : ''
))))`

/**
 * Resolves when the screen stands: nothing is asked for, nothing on it is loading and its fonts are there, two frames in a row.
 * What is asked for later, when somebody has typed for instance, has to be waited for by what it shows.
 */
export async function loaded(page: Page): Promise<void> {
  let lacks = ''
  for (let [end, calm] = [Date.now() + 60_000, 0]; calm < 2;) {
    lacks = await page.evaluate<string>(missing)
    calm = lacks === '' ? calm + 1 : 0
    if (Date.now() > end) throw new Error(`${page.url()} lacks ${lacks} after a minute`)
  }
}

/** Of the page as it is now: what `page.url()` says may be a moment older. */
export const addressOf = async (page: Page): Promise<URL> => new URL(await page.evaluate<string>('location.href'))
export const queryOf = async (page: Page): Promise<URLSearchParams> => (await addressOf(page)).searchParams

/** The keys of a sequence such as `g o`, sent at once: the second must come soon, however busy the machine is. */
export const pressSequence = (page: Page, ...keys: string[]): Promise<unknown> =>
  Promise.all(keys.map((key) => page.keyboard.press(key)))

/** What axe finds wrong, a line each; empty when nothing. The page has no frames: axe need not open another page for them. */
export async function axe(page: Page): Promise<string[]> {
  const builder = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] })
  const { violations } = await builder.analyze()
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  )
}

export interface Site extends TestBrowser {
  hopscope: RunningHopscope
  /** When the incident began, Unix ms; Infinity where there is none. */
  incidentMs: number
}

/**
 * A hopscope with the built web UI, over so many recorded traces of the last minutes (0: none), and a browser looking at it.
 * @param incidentMinutes so long ago the incident of the demo began; 0: it does not. @param env settings besides.
 */
export async function startSite(
  traces: number,
  {
    minutes = 50,
    incidentMinutes = 0,
    recordings,
    env = {},
  }: {
    minutes?: number
    incidentMinutes?: number
    recordings?: readonly string[]
    env?: Record<string, string>
  } = {},
): Promise<Site> {
  buildWeb()
  const hopscope = await startHopscope({
    HOPSCOPE_SETTLE_QUIET_MS: '1000',
    HOPSCOPE_SETTLE_MAX_MS: '10000',
    HOPSCOPE_NETWORK_RTT_US: '0',
    ...env,
  })
  try {
    const incidentMs = incidentMinutes === 0 ? Infinity : Date.now() - incidentMinutes * 60_000
    if (traces > 0) await sendRecorded(hopscope, traces, minutes, incidentMs, recordings)
    const browser = await startBrowser(hopscope.apiUrl)
    return {
      ...browser,
      hopscope,
      incidentMs,
      async close() {
        await browser.close()
        await hopscope.stop()
      },
    }
  } catch (error) {
    await hopscope.stop()
    throw error
  }
}

function buildWeb(): void {
  const script = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))
  const { status } = spawnSync(process.execPath, [script, '--if-stale'], { stdio: 'inherit' })
  if (status !== 0) throw new Error('the build failed')
}

import bundled from '@sparticuz/chromium'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

/** A Chromium to start: its file, and what must be in its environment. */
export interface Executable {
  readonly path: string
  readonly env: Record<string, string>
}

const system = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/**
 * HOPSCOPE_CHROMIUM, else the Chromium that npm brought, else one of the system.
 * @throws Error that says why none of them starts.
 */
export async function findChromium(): Promise<Executable> {
  const chosen = process.env['HOPSCOPE_CHROMIUM']
  const candidates: (() => Promise<Executable>)[] = chosen
    ? [() => Promise.resolve({ path: chosen, env: {} })]
    : [fromPackage, ...system.filter(existsSync).map((path) => () => Promise.resolve({ path, env: {} }))]
  const reasons: string[] = []
  for (const candidate of candidates) {
    const executable = await candidate()
    const complaint = complaintOf(executable)
    if (complaint === '') return executable
    reasons.push(`${executable.path}: ${complaint}`)
  }
  throw new Error(`no Chromium starts here; set HOPSCOPE_CHROMIUM to one.\n${reasons.join('\n')}`)
}

/** `''` when it starts. */
function complaintOf({ path, env }: Executable): string {
  const { status, stderr, error } = spawnSync(path, ['--version'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return status === 0 ? '' : (error?.message ?? stderr.trim())
}

/** The package carries the libraries and fonts that a bare machine lacks; a machine that has its own keeps to them. */
async function fromPackage(): Promise<Executable> {
  const folder = await unpacked()
  const path = join(folder, 'chromium')
  const fonts: Record<string, string> = existsSync('/etc/fonts/fonts.conf')
    ? {}
    : { FONTCONFIG_PATH: join(folder, 'fonts') }
  const bare = { path, env: fonts }
  if (complaintOf(bare) === '') return bare
  const libraries = [join(folder, 'al2023', 'lib'), process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':')
  return { path, env: { ...fonts, LD_LIBRARY_PATH: libraries } }
}

/** Unpacks into a folder of this version, once; whole or not at all, also when two test runs start together. */
async function unpacked(): Promise<string> {
  const manifest = createRequire(import.meta.url)
    .resolve('@sparticuz/chromium')
    .replace(/build.*$/, 'package.json')
  const { version } = createRequire(import.meta.url)(manifest) as { version: string }
  const cache = resolve('node_modules/.cache')
  const folder = join(cache, `chromium-${version}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const fresh = await mkdtemp(join(cache, 'chromium-'))
  // The package unpacks below TMPDIR, and its libraries only where it believes to be on AWS.
  const borrowed = { TMPDIR: fresh, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' }
  const before = Object.keys(borrowed).map((key) => [key, process.env[key]] as const)
  try {
    Object.assign(process.env, borrowed)
    await bundled.executablePath()
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, key)
      else process.env[key] = value
    }
  }
  try {
    await rename(fresh, folder)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

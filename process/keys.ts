import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hashOfKey } from '../collector/receivers/access.ts'
import { StartError } from '../storage/start-error.ts'
import { readConfig } from './config.ts'
import type { Key } from '../collector/pipeline/rates.ts'
import { parseKeys, parseLimits, reasonOf } from './ingest-keys.ts'

/** `npm run keys -- new NAME | limit NAME | revoke NAME | list`: the API keys that exporters must show, in HOPSCOPE_INGEST_KEYS_FILE. */
const usage = `npm run keys -- new NAME [LIMIT ...]     makes a key, prints it once and keeps its hash
npm run keys -- limit NAME [LIMIT ...]   sets its limits, without any: none
npm run keys -- revoke NAME              makes it invalid
npm run keys -- list                     names and limits of all that are valid

A LIMIT is spans/s=N or bytes/s=N, N with k (thousand) or m (million): spans/s=50k

The hashes are in HOPSCOPE_INGEST_KEYS_FILE; a running hopscope takes changes up within seconds.`

const say = (line: string) => process.stdout.write(`${line}\n`)

function run([verb, name, ...limits]: string[]): void {
  const verbs = ['new', 'limit', 'revoke', 'list']
  const mayLimit = verb === 'new' || verb === 'limit'
  if ((limits.length > 0 && !mayLimit) || (verb === 'list') !== (name === undefined) || !verbs.includes(verb ?? ''))
    throw new StartError(usage)
  parseLimits(limits)
  const { ingestKeysFile: path } = readConfig(process.env, [], process.cwd())
  if (path === null) throw new StartError('set HOPSCOPE_INGEST_KEYS_FILE to the file that the hashes are to be in')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '# hopscope: NAME and SHA-256 of an API key a line\n'
  const keys = parseKeys(text)
  const isThere = keys.some((key) => key.name === name)
  if (verb === 'list') return keys.forEach((key) => say([key.name, ...limitsOf(key)].join(' ')))
  if (verb === 'new') {
    if (!/^[\w.-]+$/.test(name!)) throw new StartError('a name is of letters, digits, _ . -')
    if (isThere) throw new StartError(`${name} has a key already: revoke it first, or choose another name`)
    const key = `hsk_${randomBytes(32).toString('base64url')}`
    replace(path, `${text.replace(/\n?$/, '\n')}${[name, hashOfKey(key), ...limits].join(' ')}\n`)
    say(key)
    return
  }
  if (!isThere) throw new StartError(`there is no key of ${name}`)
  const isIts = (line: string) => line.replace(/#.*/, '').trim().split(/\s+/)[0] === name
  const { hash } = keys.find((key) => key.name === name)!
  const instead = verb === 'limit' ? [[name, hash, ...limits].join(' ')] : []
  const lines = text.split('\n').flatMap((line) => (isIts(line) ? instead : [line]))
  replace(path, lines.join('\n'))
  say(verb === 'revoke' ? `${name} is revoked` : `${name} has ${limits.join(' ') || 'no limits'}`)
}

const limitsOf = ({ spansPerSecond, bytesPerSecond }: Key): string[] => [
  ...(spansPerSecond === null ? [] : [`spans/s=${spansPerSecond}`]),
  ...(bytesPerSecond === null ? [] : [`bytes/s=${bytesPerSecond}`]),
]

/** Whole or not at all: somebody may be reading it. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

try {
  run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`)
  process.exitCode = 1
}

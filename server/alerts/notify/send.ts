import { readFileSync } from 'node:fs'
import { request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import type { Secret, TargetBody } from '../../api/contract-alerts.ts'
import { checkedLookup, forbiddenAddress, type Allowed } from './address.ts'
import { mail } from './mail.ts'
import { messageFor, type HttpMessage } from './messages.ts'
import type { Outcome } from './outcome.ts'
import type { Telling } from './words.ts'

const usualTimeoutMs = 10_000
/** Of an answer, so much is read. */
const mostAnswer = 2_000

/** Tells one target; never throws. @param secret as stored. */
export async function send(
  target: TargetBody,
  secret: Secret | null,
  telling: Telling,
  allowed: Allowed,
  timeoutMs = usualTimeoutMs,
): Promise<Outcome> {
  try {
    const known = secretOf(secret)
    if (target.kind === 'email') return await mail(target, known, telling, { allowed, timeoutMs })
    return await post(messageFor(target, known, telling), allowed, timeoutMs)
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    return { ok: false, permanent: code === 'EFORBIDDEN' || code === 'ESECRET', detail: message.slice(0, 300) }
  }
}

/** @throws Error when it is not where it is said to be. */
function secretOf(secret: Secret | null): string | null {
  if (secret === null || typeof secret === 'string') return secret
  const trouble = (detail: string) => Object.assign(new Error(detail), { code: 'ESECRET' })
  if ('env' in secret) {
    const value = process.env[secret.env]
    if (!value) throw trouble(`secret: ${secret.env} is not in the environment of this process`)
    return value
  }
  try {
    return readFileSync(secret.file, 'utf8').trim()
  } catch (error) {
    throw trouble(`secret: ${secret.file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function post({ url, headers, body }: HttpMessage, allowed: Allowed, timeoutMs: number): Promise<Outcome> {
  const { hostname, protocol } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const why = forbiddenAddress(host, allowed)
  if (why !== undefined) return Promise.resolve({ ok: false, permanent: true, detail: why })
  return new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? overTls : overHttp)(
      url,
      {
        ...{ method: 'POST', lookup: checkedLookup(allowed), signal: AbortSignal.timeout(timeoutMs) },
        headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'hopscope' },
      },
      (response) => {
        let answer = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => {
          if (answer.length < mostAnswer) answer += text
          else response.destroy()
        })
        response.on('error', reject)
        response.on('close', () =>
          resolve(outcomeOf(response.statusCode ?? 0, response.headers['retry-after'], answer)),
        )
      },
    )
    request.on('error', (error) =>
      reject(
        error.name === 'TimeoutError' || error.name === 'AbortError'
          ? new Error(`no answer in ${timeoutMs / 1000} s`)
          : error,
      ),
    )
    request.end(body)
  })
}

/** Redirects are not followed: what is behind them was not checked. */
function outcomeOf(status: number, retryAfter: string | undefined, answer: string): Outcome {
  const words = answer.replace(/\s+/g, ' ').trim().slice(0, 200)
  const detail = `HTTP ${status}${words && `: ${words}`}`
  if (status >= 200 && status < 300) return { ok: true, permanent: false, detail: `HTTP ${status}` }
  const again = status === 408 || status === 425 || status === 429 || status >= 500
  const seconds = Number(retryAfter)
  return {
    ok: false,
    permanent: !again,
    detail,
    ...(again && seconds > 0 && { retryAfterMs: Math.min(3600, seconds) * 1000 }),
  }
}

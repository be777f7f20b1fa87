import { connect } from 'node:net'
import { createTransport } from 'nodemailer'
import type { TargetBody } from '../../api/contract-alerts.ts'
import { checkedLookup, forbiddenAddress, type Allowed } from './address.ts'
import type { Outcome } from './outcome.ts'
import { bodyOf, titleOf, type Telling } from './words.ts'

export type MailTarget = Extract<TargetBody, { kind: 'email' }>

const defaultPorts: Record<string, number> = { 'smtp:': 587, 'smtps:': 465 }

/**
 * Sends a mail by SMTP. The address that the name of the server resolves to is checked and is the one connected to. Over `smtp:` it asks for STARTTLS and
 * ends where there is none, unless the target allows plain text. What the server says decides: 4xx is tried again, 5xx is not.
 * @throws what the connection throws.
 */
export async function mail(
  target: MailTarget,
  secret: string | null,
  telling: Telling,
  { allowed, timeoutMs }: { allowed: Allowed; timeoutMs: number },
): Promise<Outcome> {
  const { hostname, port, protocol } = new URL(target.url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const why = forbiddenAddress(host, allowed)
  if (why !== undefined) return { ok: false, permanent: true, detail: why }
  const isSecure = protocol === 'smtps:'
  const transport = createTransport({
    ...{ host, port: Number(port) || defaultPorts[protocol]!, secure: isSecure },
    requireTLS: !isSecure && !target.allowPlaintext,
    ...(target.username !== undefined && { auth: { user: target.username, pass: secret ?? '' } }),
    tls: { ...(target.ca !== undefined && { ca: target.ca }), minVersion: 'TLSv1.2' },
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
    getSocket(options, done) {
      const socket = connect({ host, port: Number(options.port), lookup: checkedLookup(allowed) })
      const fail = (error: Error) => {
        clearTimeout(timer)
        socket.destroy()
        done(error)
      }
      const timer = setTimeout(() => fail(new Error(`no connection in ${timeoutMs / 1000} s`)), timeoutMs)
      socket.once('error', fail).once('connect', () => {
        clearTimeout(timer)
        socket.off('error', fail)
        done(null, { connection: socket })
      })
    },
  })
  try {
    // The timeouts above are of silence: a server that says a word now and then would hold us for ever.
    const signal = AbortSignal.timeout(3 * timeoutMs)
    const sent = await transport.sendMail({ ...messageOf(target, telling), signal })
    const refused = (sent.rejected as (string | { address: string })[]).map((one) =>
      typeof one === 'string' ? one : one.address,
    )
    const detail = refused.length > 0 ? `delivered, but not to ${refused.join(', ')}` : 'delivered'
    return { ok: true, permanent: false, detail: `${detail}: ${sent.response}`.slice(0, 300) }
  } catch (error) {
    const { message, code, responseCode } = error as NodeJS.ErrnoException & { responseCode?: number }
    const isRefused = responseCode !== undefined && responseCode >= 500
    const detail = message.replace(/\s+/g, ' ').slice(0, 300)
    return { ok: false, permanent: isRefused || code === 'EFORBIDDEN', detail }
  } finally {
    transport.close()
  }
}

function messageOf(target: MailTarget, telling: Telling) {
  const { key, alert } = telling
  const domain = target.from.slice(target.from.lastIndexOf('@') + 1)
  return {
    ...{ from: { name: 'hopscope', address: target.from }, to: target.to, subject: titleOf(telling, target.template) },
    text: bodyOf(telling, target.template),
    // Sent twice it is the same mail; all of one alert are one thread.
    messageId: `<${key}@${domain}>`,
    references: `<${alert.id}-${alert.firedUnixNano ?? '0'}@${domain}>`,
    headers: { 'auto-submitted': 'auto-generated' },
  }
}

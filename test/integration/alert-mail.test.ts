import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { parseAllowed } from '../../server/alerts/notify/address.ts'
import { mail, type MailTarget } from '../../server/alerts/notify/mail.ts'
import { send } from '../../server/alerts/notify/send.ts'
import { fill } from '../../server/alerts/notify/template.ts'
import { TargetBody } from '../../server/api/contract-alerts.ts'
import { anAlert } from './an-alert.ts'

/** Mails, to a server that speaks SMTP and refuses as asked. */
const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8')
const tls = { cert: pem('server.pem'), key: pem('server.key') }
const local = parseAllowed('localhost, 127.0.0.1, ::1')
const telling = (status: 'firing' | 'resolved' = 'firing') => ({
  ...{ key: 'the-key', status, alert: anAlert, rule: { id: anAlert.ruleId, name: 'r' } },
  url: 'http://hopscope/alerts/a',
})

interface Mail {
  readonly from: string
  readonly to: string[]
  readonly user: string | undefined
  readonly isSecure: boolean
  readonly text: string
}
const got: Mail[] = []
const running: (SMTPServer | Server)[] = []
const sockets = new Set<Socket>()
afterEach(async () => {
  got.length = 0
  for (const socket of sockets) socket.destroy()
  await Promise.all(running.splice(0).map((server) => new Promise<void>((done) => void server.close(() => done()))))
})

/** @returns its port. */
async function serve(options: SMTPServerOptions = {}): Promise<number> {
  const server = new SMTPServer({
    ...{ ...tls, authOptional: true, closeTimeout: 100, disableReverseLookup: true },
    onAuth({ username, password }, _session, done) {
      if (username === 'me' && password === 'hush') done(null, { user: username })
      else done(Object.assign(new Error('bad credentials'), { responseCode: 535 }))
    },
    onData(stream, { envelope, user, secure }, done) {
      let text = ''
      stream.on('data', (some: Buffer) => (text += some.toString()))
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        const to = envelope.rcptTo.map(({ address }) => address)
        got.push({ from, to, user: user as string | undefined, isSecure: secure, text })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  running.push(server)
  return new Promise((done) => {
    const listening = server.listen(0, '127.0.0.1', () => done((listening.address() as AddressInfo).port))
  })
}

const target = (port: number, more: object = {}): MailTarget =>
  TargetBody.parse({
    ...{ kind: 'email', name: 'us', url: `smtp://localhost:${port}`, ca: pem('ca.pem') },
    ...{ from: 'hopscope@example.com', to: ['a@example.com', 'b@example.com'] },
    ...more,
  }) as MailTarget
const matching = (text: RegExp) => expect.stringMatching(text) as string
const refused = (responseCode: number) => Object.assign(new Error('no'), { responseCode })

describe('a mail', () => {
  it('goes over STARTTLS, with a password, to all, once for each thing to tell', async () => {
    const port = await serve({ authOptional: false })
    const outcome = await send(target(port, { username: 'me' }), 'hush', telling(), local)
    expect(outcome).toMatchObject({ ok: true, detail: matching(/^delivered/) })
    expect(got).toHaveLength(1)
    expect(got[0]).toMatchObject({
      ...{ from: 'hopscope@example.com', to: ['a@example.com', 'b@example.com'], user: 'me', isSecure: true },
    })
    expect(got[0]!.text).toContain('Subject: Firing: r')
    expect(got[0]!.text).toContain('Message-ID: <the-key@example.com>')
    const plain = got[0]!.text.replace(/=\r\n/g, '')
    expect(plain).toContain('was 2 ms (+40 %), since 2023-11-14 22:13 UTC')
    expect(plain).toContain('http://hopscope/alerts/a')
  })

  it('goes over TLS from the start', async () => {
    const port = await serve({ secure: true })
    expect(await send(target(port, { url: `smtps://localhost:${port}` }), null, telling(), local)).toMatchObject({
      ok: true,
    })
    expect(got[0]!.isSecure).toBe(true)
  })

  it('never goes in plain text, nor to a stranger’s certificate, unless that is allowed', async () => {
    const port = await serve({ disabledCommands: ['STARTTLS', 'AUTH'] })
    expect(await send(target(port), null, telling(), local)).toMatchObject({ ok: false })
    expect(await send(target(await serve(), { ca: undefined }), null, telling(), local)).toMatchObject({
      ok: false,
      detail: matching(/certificate/),
    })
    expect(got).toEqual([])
    expect(await send(target(port, { allowPlaintext: true }), null, telling(), local)).toMatchObject({ ok: true })
    expect(got[0]!.isSecure).toBe(false)
  })

  it.each([
    ['a mailbox that is busy', { onRcptTo: (_a, _s, done) => done(refused(451)) }, false],
    ['a server that has no time', { onMailFrom: (_a, _s, done) => done(refused(421)) }, false],
    ['nobody of that name', { onRcptTo: (_a, _s, done) => done(refused(550)) }, true],
    ['a sender that is not wanted', { onMailFrom: (_a, _s, done) => done(refused(553)) }, true],
  ] satisfies [string, SMTPServerOptions, boolean][])(
    'is tried again or not as the server says: %s',
    async (_, options, permanent) => {
      const outcome = await send(target(await serve(options)), null, telling(), local)
      expect(outcome).toMatchObject({ ok: false, permanent })
    },
  )

  it('with a wrong password is a dead letter, and says who of several was refused', async () => {
    const port = await serve({ authOptional: false })
    expect(await send(target(port, { username: 'me' }), 'wrong', telling(), local)).toMatchObject({
      ...{ ok: false, permanent: true, detail: matching(/535/) },
    })
    const some = await serve({
      onRcptTo: ({ address }, _session, done) => done(address.startsWith('b') ? refused(550) : null),
    })
    expect(await send(target(some), null, telling(), local)).toMatchObject({
      ...{ ok: true, detail: matching(/not to b@example\.com/) },
    })
  })

  it('does not wait for a server that is silent, or talks and says nothing', async () => {
    const port = await listen((socket) => socket.on('data', () => undefined))
    const quick = { allowed: local, timeoutMs: 150 }
    await expect(mail(target(port), null, telling(), quick)).resolves.toMatchObject({ ok: false, permanent: false })
    const slow = await listen((socket) => {
      const timer = setInterval(() => socket.write('220-a\r\n'), 20)
      socket.on('close', () => clearInterval(timer))
    })
    await expect(mail(target(slow), null, telling(), quick)).resolves.toMatchObject({ ok: false, permanent: false })
  })

  it('goes to nobody inside: the address that a name resolves to counts', async () => {
    const port = await serve()
    for (const url of [
      `smtp://localhost:${port}`,
      `smtp://127.0.0.1:${port}`,
      `smtp://[::1]:${port}`,
      'smtp://169.254.169.254',
    ])
      expect(await send(target(port, { url }), null, telling(), parseAllowed(''))).toMatchObject({
        ...{ ok: false, permanent: true, detail: matching(/not outside/) },
      })
    expect(got).toEqual([])
  })
})

async function listen(on: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    on(socket)
  })
  running.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

describe('a target of mails', () => {
  it.each([
    [{ url: 'https://mail.example' }, 'url'],
    [{ url: 'smtp://me:hush@mail.example' }, 'url'],
    [{ url: 'smtp://mail.example/path' }, 'url'],
    [{ to: [] }, 'to'],
    [{ to: ['nobody'] }, 'to.0'],
    [{ from: 'a@example.com\r\nBcc: b@example.com' }, 'from'],
    [{ username: 'me', allowPlaintext: true }, 'allowPlaintext'],
    [{ template: { title: '{{nothing}}' } }, 'template.title'],
    [{ template: { body: '{{sentence' } }, 'template.body'],
  ])('that is none is refused: %j', (more, field) => {
    const body = { kind: 'email', name: 'x', url: 'smtp://mail.example', from: 'a@example.com', to: ['b@example.com'] }
    const { error } = TargetBody.safeParse({ ...body, ...more })
    expect(error?.issues[0]?.path.join('.')).toBe(field)
  })
})

describe('a template', () => {
  it('gives a mail its title and text', async () => {
    const template = {
      title: '[{{status}}]\n{{series}} {{change}}',
      body: '{{cause}}\n{{label.severity}}{{label.none}}',
    }
    await send(target(await serve(), { template }), null, telling(), local)
    expect(got[0]!.text).toContain('Subject: [firing] cart <1> +40 %')
    expect(got[0]!.text).toContain('version = 1.29, 97 % of the added time\r\nwarning')
  })

  it('does no harm: what it names is not read for names again, and no text grows without end', () => {
    const values = (sentence: string) =>
      ({ sentence, labels: { '{{url}}': 'x' } }) as unknown as Parameters<typeof fill>[1]
    expect(fill('{{sentence}}', values('{{sentence}}'))).toBe('{{sentence}}')
    expect(fill('{{constructor}}{{label.toString}}{{ __proto__ }}', values(''))).toBe('')
    expect(fill('{{sentence}}'.repeat(600), values('x'.repeat(100_000))).length).toBeLessThan(17_000)
    expect(fill('{'.repeat(8_000), values(''))).toHaveLength(8_000)
    expect(fill('{{'.repeat(4_000) + '}}'.repeat(4_000), values('')).length).toBeLessThanOrEqual(16_000)
  })
})

import { createHmac } from 'node:crypto'
import type { Alert, TargetBody, Template } from '../../api/contract-alerts.ts'
import { factsOf, ownBody, sentenceOf, titleOf, type Telling } from './words.ts'

/** What each kind of target is sent. */

export interface HttpMessage {
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** @throws Error when the target lacks what its kind needs. */
export function messageFor(
  target: Exclude<TargetBody, { kind: 'email' }>,
  secret: string | null,
  telling: Telling,
): HttpMessage {
  switch (target.kind) {
    case 'webhook':
      return webhook(target.url, secret, telling)
    case 'slack':
      return json(target.url, slack(telling, target.template))
    case 'teams':
      return json(target.url, teams(telling, target.template))
    case 'pagerduty':
      if (!secret) throw new Error('secret: the integration key is missing')
      return json(target.url, pagerduty(secret, telling, target.template))
    case 'alertmanager': {
      const url = new URL(target.url)
      if (!url.pathname.endsWith('/api/v2/alerts')) url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v2/alerts`
      const headers: Record<string, string> = secret ? { authorization: `Bearer ${secret}` } : {}
      return json(url.href, alertmanager(telling, target.template), headers)
    }
  }
}

const json = (url: string, body: unknown, headers: Record<string, string> = {}): HttpMessage => ({
  ...{ url, headers: { 'content-type': 'application/json', ...headers } },
  body: JSON.stringify(body),
})

function webhook(url: string, secret: string | null, { key, status, alert, rule, url: page }: Telling): HttpMessage {
  const message = json(url, { version: 1, status, alert, rule, url: page }, { 'idempotency-key': key })
  if (!secret) return message
  const signature = createHmac('sha256', secret).update(message.body).digest('hex')
  return { ...message, headers: { ...message.headers, 'x-hopscope-signature': `sha256=${signature}` } }
}

/** Block Kit; `text` is what a phone shows. */
function slack(telling: Telling, template?: Template): unknown {
  const { alert, url } = telling
  // Slack reads these three as markup.
  const plain = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const facts = factsOf(alert).map(([name, text]) => `*${plain(name)}*: ${plain(text)}`)
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text: text.slice(0, 2900) } })
  const own = ownBody(telling, template)
  const title = titleOf(telling, template)
  return {
    text: plain(`${title}. ${sentenceOf(alert)}`),
    blocks: [
      section(`*<${url}|${plain(title)}>*\n${plain(own ?? sentenceOf(alert))}`),
      ...(own === undefined && facts.length > 0 ? [section(facts.join('\n'))] : []),
    ],
  }
}

/** An adaptive card, as incoming webhooks of Workflows take it. */
function teams(telling: Telling, template?: Template): unknown {
  const { alert, url, status } = telling
  const text = (words: string, more: object = {}) => ({ type: 'TextBlock', text: words, wrap: true, ...more })
  const own = ownBody(telling, template)
  const facts = own === undefined ? factsOf(alert).map(([title, value]) => ({ title, value })) : []
  const content = {
    ...{ $schema: 'http://adaptivecards.io/schemas/adaptive-card.json', type: 'AdaptiveCard', version: '1.4' },
    body: [
      text(titleOf(telling, template), {
        weight: 'Bolder',
        size: 'Medium',
        color: status === 'firing' ? 'Attention' : 'Good',
      }),
      text(own ?? sentenceOf(alert)),
      ...(facts.length > 0 ? [{ type: 'FactSet', facts }] : []),
    ],
    actions: [{ type: 'Action.OpenUrl', title: 'Open in hopscope', url }],
  }
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
  }
}

/** Events API v2. The same life of an alert is the same incident. */
function pagerduty(routingKey: string, telling: Telling, template?: Template): unknown {
  const { status, alert, rule, url } = telling
  const own = ownBody(telling, template)
  const dedup = {
    routing_key: routingKey,
    event_action: status === 'firing' ? 'trigger' : 'resolve',
    dedup_key: lifeOf(alert),
  }
  if (status === 'resolved') return dedup
  return {
    ...dedup,
    payload: {
      summary: (template?.title === undefined
        ? `${rule.name}: ${sentenceOf(alert)}`
        : titleOf(telling, template)
      ).slice(0, 1024),
      source: alert.series.name,
      severity:
        alert.labels['severity'] && ['critical', 'error', 'warning', 'info'].includes(alert.labels['severity'])
          ? alert.labels['severity']
          : 'error',
      timestamp: rfc3339(alert.firedUnixNano ?? alert.sinceUnixNano),
      component: alert.series.name,
      group: rule.name,
      class: alert.measure,
      custom_details: { ...Object.fromEntries(factsOf(alert)), ...(own !== undefined && { text: own }) },
    },
    client: 'hopscope',
    client_url: url,
    links: [{ href: url, text: 'Open in hopscope' }],
  }
}

const lifeOf = ({ id, firedUnixNano }: Alert): string => `hopscope-${id}-${firedUnixNano ?? ''}`
const rfc3339 = (nano: string): string => new Date(Number(BigInt(nano) / 1_000_000n)).toISOString()
/** Alertmanager ends what nobody says again; we say once that it is over. */
const longMs = 30 * 86_400_000

/** `POST /api/v2/alerts`. */
function alertmanager(telling: Telling, template?: Template): unknown {
  const { status, alert, rule, url } = telling
  const own = ownBody(telling, template)
  const startsAt = rfc3339(alert.firedUnixNano ?? alert.sinceUnixNano)
  const end = BigInt(alert.evaluatedUnixNano)
  const endsAt = status === 'resolved' ? rfc3339(String(end)) : rfc3339(String(end + BigInt(longMs) * 1_000_000n))
  const labels = {
    ...Object.fromEntries(
      Object.entries(alert.labels).map(([name, value]) => [name.replace(/\W/g, '_').replace(/^(?=\d)/, '_'), value]),
    ),
    ...{
      alertname: rule.name,
      hopscope_alert: alert.id,
      [alert.series.kind]: alert.series.name,
      measure: alert.measure,
    },
  }
  const annotations = {
    summary: template?.title === undefined ? sentenceOf(alert) : titleOf(telling, template),
    ...(own !== undefined && { description: own }),
    ...Object.fromEntries(factsOf(alert).map(([name, text]) => [name.toLowerCase().replace(/\W/g, '_'), text])),
  }
  return [{ labels, annotations, startsAt, endsAt, generatorURL: url }]
}

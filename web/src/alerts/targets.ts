/** Kinds of notification targets, and what each needs. */
import type { TargetKind } from '../../../server/api/contract-alerts.ts'

export interface KindWords {
  readonly kind: TargetKind
  readonly text: string
  readonly url: string
  /** What its secret is. */
  readonly secret: string
}

export const kinds: readonly KindWords[] = [
  { kind: 'webhook', text: 'Webhook', url: 'https://pager.example/v2/hop', secret: 'signs what is sent (HMAC)' },
  {
    kind: 'slack',
    text: 'Slack',
    url: 'https://hooks.slack.com/services/…',
    secret: 'none is needed: the URL is the secret',
  },
  {
    kind: 'teams',
    text: 'Teams',
    url: 'https://….webhook.office.com/…',
    secret: 'none is needed: the URL is the secret',
  },
  {
    kind: 'pagerduty',
    text: 'PagerDuty',
    url: 'https://events.pagerduty.com/v2/enqueue',
    secret: 'the integration key',
  },
  {
    kind: 'alertmanager',
    text: 'Alertmanager',
    url: 'http://alertmanager:9093',
    secret: 'sent as a bearer token, if it wants one',
  },
  {
    kind: 'email',
    text: 'Mail',
    url: 'smtp://mail.example.com:587',
    secret: 'the password of the user name',
  },
]
export const kindText = (kind: string): string => kinds.find((one) => one.kind === kind)?.text ?? kind

import type { ClickHouse } from '../../../storage/clickhouse.ts'
import type { Logger } from '../../../storage/running.ts'
import type { Secret, TargetBody } from '../../api/contract-alerts.ts'
import { readDocuments, readSecrets, writeDocuments, type Stored } from '../../queries/alerts/documents.ts'
import { clockMs } from '../../queries/finaliser/following.ts'
import type { Allowed } from '../notify/address.ts'
import type { Outcome } from '../notify/outcome.ts'
import { send } from '../notify/send.ts'
import type { Companion } from './evaluator.ts'
import type { Notification } from './stored.ts'

/** Given up after so long. */
const dayMs = 24 * 3_600_000
const firstRetryMs = 5_000
const longestRetryMs = 15 * 60_000
/** So many a target in so long; what is more waits. */
const rate = { most: 30, perMs: 10 * 60_000 }
const atOnce = 8

/** When to try again after so many attempts. */
export const retryAfterMs = (attempts: number): number =>
  Math.min(longestRetryMs, firstRetryMs * 2 ** Math.max(0, attempts - 1))

/**
 * Sends what the evaluations wrote down, at least once: what was sent and not noted, as this process died in between, is sent again under
 * the same key. Of one alert and target in order; a target that does not answer holds up nobody else.
 */
export function outbox(clickhouse: ClickHouse, allowed: Allowed, log: Logger): Companion {
  /** Unix ms of what each target was sent lately. */
  const sent = new Map<string, number[]>()

  return {
    async turn() {
      const waiting = await readDocuments<Notification>(clickhouse, {
        kinds: ['notification'],
        states: ['waiting'],
        most: 2_000,
      })
      if (waiting.length === 0) return
      const nowMs = await clockMs(clickhouse)
      const due = dueOf(waiting, nowMs)
      if (due.length === 0) return
      const [targets, secrets] = await Promise.all([
        readDocuments<TargetBody>(clickhouse, { kinds: ['target'] }),
        readSecrets(clickhouse),
      ])
      const byId = new Map(targets.map(({ id, body }) => [id, body]))
      const tries: Stored<Notification>[] = []
      for (const one of due) if (tries.length < atOnce && hasRoom(one.body.targetId, nowMs)) tries.push(one)
      await Promise.all(
        tries.map(async (one) => {
          const { targetId } = one.body
          const target = byId.get(targetId)
          const secret = secrets.get(targetId)
          const outcome: Outcome = target?.enabled
            ? await send(
                target,
                secret === undefined ? null : (JSON.parse(secret) as Secret),
                { ...one.body, key: one.id },
                allowed,
              )
            : { ok: false, permanent: true, detail: target ? 'the target is turned off' : 'the target is gone' }
          await note(one, outcome, nowMs)
        }),
      )
    },
  }

  function hasRoom(target: string, nowMs: number): boolean {
    const recent = (sent.get(target) ?? []).filter((ms) => ms > nowMs - rate.perMs)
    if (recent.length >= rate.most) return false
    sent.set(target, [...recent, nowMs])
    return true
  }

  async function note(
    { about, id, atMs, revision, body }: Stored<Notification>,
    outcome: Outcome,
    nowMs: number,
  ): Promise<void> {
    const attempts = body.attempts + 1
    const isDead = !outcome.ok && (outcome.permanent || nowMs - atMs >= dayMs)
    const nextMs = nowMs + Math.max(outcome.retryAfterMs ?? 0, retryAfterMs(attempts))
    if (isDead) log.error({ notification: id, reason: outcome.detail }, 'a notification was given up')
    const state = outcome.ok ? 'sent' : isDead ? 'dead' : 'waiting'
    await writeDocuments(clickhouse, [
      {
        ...{ kind: 'notification', about, id, state, revision: Math.max(revision + 1, nowMs) },
        // When it was asked for while it waits, when it ended once it has.
        atMs: state === 'waiting' ? atMs : nowMs,
        body: { ...body, attempts, nextMs, error: outcome.ok ? '' : outcome.detail } satisfies Notification,
      },
    ])
  }
}

/** Of each alert and target the oldest, where it is time. */
export function dueOf(waiting: readonly Stored<Notification>[], nowMs: number): Stored<Notification>[] {
  const first = new Map<string, Stored<Notification>>()
  const isBefore = (a: Stored<Notification>, b: Stored<Notification>) =>
    a.atMs !== b.atMs ? a.atMs < b.atMs : a.body.status === 'firing' && b.body.status !== 'firing'
  for (const one of waiting) {
    const key = `${one.about} ${one.body.targetId}`
    const other = first.get(key)
    if (!other || isBefore(one, other)) first.set(key, one)
  }
  return [...first.values()].filter(({ body }) => body.nextMs <= nowMs).sort((a, b) => a.atMs - b.atMs)
}

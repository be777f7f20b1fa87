import { Router } from 'express'
import type { UserRule } from '../analysis/recognise/user-rule.ts'
import { longestRules, TryRulesRequest, type RulesInForce } from './contract-rules.ts'
import { ownJson } from './own-json.ts'
import { checked, notAllowed, ProblemError } from './problem.ts'
import type { RulesTrier } from './try-rules-process.ts'

export interface RulesOptions {
  readonly clickhouseUrl: string
  readonly rules: { current(): readonly UserRule[]; state(): RulesInForce }
  readonly trier: RulesTrier
}

/** A character is up to 6 bytes as JSON. */
const mostBytes = 6 * longestRules + 1024
const tooLarge = new ProblemError(413, 'Content too large', `source: at most ${longestRules / 1024} KiB`, 'source')

/** `/rules`: those in force; `/rules/try`: what others would change. */
export function rulesRouter({ clickhouseUrl, rules, trier }: RulesOptions): Router {
  const router = Router()
  router.get('/', (_request, response) => {
    response.json(rules.state())
  })
  router.post('/try', ...ownJson(mostBytes, tooLarge), async (request, response) => {
    const { source, minutes } = checked(TryRulesRequest, request.body)
    const toMs = Date.now()
    const order = { clickhouseUrl, source, current: rules.current(), fromMs: toMs - minutes * 60_000, toMs }
    // The request itself closes as soon as its body is read.
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    response.json(await trier.run(order, gone.signal))
  })
  router.all('/try', notAllowed('POST'))
  return router
}

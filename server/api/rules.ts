import { json, Router, type NextFunction, type Request, type Response } from 'express'
import type { UserRule } from '../analysis/recognise/user-rule.ts'
import { longestRules, TryRulesRequest, type RulesInForce } from './contract-rules.ts'
import { checked, ProblemError } from './problem.ts'
import type { RulesTrier } from './try-rules-process.ts'

export interface RulesOptions {
  readonly clickhouseUrl: string
  readonly rules: { current(): readonly UserRule[]; state(): RulesInForce }
  readonly trier: RulesTrier
}

/** A character is up to 6 bytes as JSON. */
const mostBytes = 6 * longestRules + 1024

/** `/rules`: those in force; `/rules/try`: what others would change. */
export function rulesRouter({ clickhouseUrl, rules, trier }: RulesOptions): Router {
  const router = Router()
  router.get('/', (_request, response) => {
    response.json(rules.state())
  })
  router.post('/try', fromHere, json({ limit: mostBytes, inflate: false }), async (request, response) => {
    const { source, minutes } = checked(TryRulesRequest, request.body)
    const toMs = Date.now()
    const order = { clickhouseUrl, source, current: rules.current(), fromMs: toMs - minutes * 60_000, toMs }
    // The request itself closes as soon as its body is read.
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    response.json(await trier.run(order, gone.signal))
  })
  router.all('/try', (request, response) => {
    response.set('Allow', 'POST')
    throw new ProblemError(405, 'Method not allowed', `${request.method} is not supported at ${request.path}`)
  })
  router.use('/try', refusedBody)
  return router
}

/** Only JSON, which a form of another site cannot send, and only from pages of this server or no page. */
function fromHere(request: Request, _response: Response, next: NextFunction): void {
  const { origin, host } = request.headers
  if (origin !== undefined && hostOf(origin) !== host)
    throw new ProblemError(403, 'Forbidden', `pages of ${origin} may not ask this`)
  if (!request.is('application/json')) throw new ProblemError(415, 'Unsupported media type', 'send application/json')
  next()
}

/** What the JSON parser refuses, as a problem document. */
function refusedBody(error: unknown, _request: Request, _response: Response, next: NextFunction): void {
  const { status, type } = error as { status?: number; type?: string }
  if (status === 413)
    return next(new ProblemError(413, 'Too large', `source: at most ${longestRules / 1024} KiB`, 'source'))
  if (status === 415) return next(new ProblemError(415, 'Unsupported media type', 'send it uncompressed, in UTF-8'))
  if (type?.startsWith('entity.') || type?.startsWith('request.') || status === 400)
    return next(new ProblemError(400, 'Bad request', 'the body is no JSON object'))
  next(error)
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

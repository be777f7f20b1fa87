import { json, raw, type NextFunction, type Request, type Response } from 'express'
import { ProblemError } from './problem.ts'

/** A page of another site may not act through its visitor's browser, which names the site in Origin. */
export function ownOrigin(request: Request, _response: Response, next: NextFunction): void {
  const { origin, host } = request.headers
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return next()
  next(new ProblemError(403, 'Forbidden', `pages of ${origin} may not ask this`))
}

/** Browsers ask before they send JSON to another site, and are not answered; forms and text they just send. */
function jsonOnly(request: Request, _response: Response, next: NextFunction): void {
  if (request.is('application/json')) next()
  else next(new ProblemError(415, 'Unsupported media type', 'send application/json'))
}

/** Handlers that leave a body of JSON as bytes, for `fileIn`. */
export function ownFile(mostBytes: number) {
  const read = raw({ type: 'application/json', limit: mostBytes, inflate: false })
  const tooLarge = new ProblemError(413, 'Content too large', `file: at most ${mostBytes / 2 ** 20} MiB`, 'file')
  return [ownOrigin, jsonOnly, orRefuse(read, tooLarge)]
}

export const fileIn = (request: Request): Uint8Array =>
  request.body instanceof Uint8Array ? request.body : new Uint8Array()

/**
 * Handlers that read a body of JSON from pages of this server or no page at all; what cannot be read is a problem document.
 * @param tooLarge what is answered to more than `mostBytes`.
 */
export function ownJson(
  mostBytes: number,
  tooLarge = new ProblemError(413, 'Content too large', `at most ${mostBytes} bytes`),
) {
  return [ownOrigin, jsonOnly, orRefuse(json({ limit: mostBytes, inflate: false }), tooLarge)]
}

function orRefuse(read: ReturnType<typeof json>, tooLarge: ProblemError) {
  return (request: Request, response: Response, next: NextFunction): void =>
    read(request, response, (error?: unknown) => {
      if (error === undefined) return next()
      const { status } = error as { status?: number }
      if (status === 413) return next(tooLarge)
      if (status === 415) return next(new ProblemError(415, 'Unsupported media type', 'send it uncompressed, in UTF-8'))
      next(new ProblemError(400, 'Bad request', 'the body is not JSON'))
    })
}

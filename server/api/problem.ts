import type { NextFunction, Request, Response } from 'express'
import type { z } from 'zod'
import type { Logger } from '../../storage/running.ts'
import type { Problem } from './contract.ts'

/** An answer of RFC 9457: what is wrong, and with what. */
export class ProblemError extends Error {
  readonly status: number
  readonly title: string
  readonly field: string | undefined
  /** Index of the character of the field that is at fault. */
  readonly at: number | undefined
  constructor(status: number, title: string, detail: string, field?: string, at?: number) {
    super(detail)
    this.status = status
    this.title = title
    this.field = field
    this.at = at
  }
}

export const badRequest = (field: string, detail: string): ProblemError =>
  new ProblemError(400, 'Bad request', `${field}: ${detail}`, field)

export const notFound = (detail: string): ProblemError => new ProblemError(404, 'Not found', detail)

/** Answers what else is asked of an address. @param allowed methods, as the header has them. */
export function notAllowed(allowed: string) {
  return (request: Request, response: Response): never => {
    response.set('Allow', allowed)
    const at = `${request.baseUrl}${request.path}`.replace(/\/$/, '')
    throw new ProblemError(405, 'Method not allowed', `${request.method} is not supported at ${at}`)
  }
}

/** Checks input against a schema of the contract. @throws ProblemError 400 naming the first field at fault. */
export function checked<Schema extends z.ZodType>(schema: Schema, input: unknown): z.infer<Schema> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const field = unknown ?? issue?.path.join('.') ?? ''
  throw badRequest(field, unknown === undefined ? (issue?.message ?? 'invalid') : 'no such parameter')
}

interface ClickHouseFailure {
  code?: string
  type?: string
  /** Of the query that failed. */
  queryId?: string
}

/** The last handler: turns what was thrown into an answer. */
export function problems(log: Logger) {
  // Express tells an error handler by its four parameters.
  return (error: unknown, _request: Request, response: Response, _next: NextFunction): void => {
    if (response.headersSent || response.destroyed) {
      response.destroy()
      return
    }
    const problem = problemOf(error)
    if (problem.status >= 500) log.error({ err: error, queryId: problem.queryId }, 'a request failed')
    if (problem.status === 503) response.setHeader('Retry-After', '2')
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) {
    const { status, title, message, field, at } = error
    return { title, status, detail: message, ...(field !== undefined && { field }), ...(at !== undefined && { at }) }
  }
  const { type, code, queryId } = error as ClickHouseFailure
  const asked = queryId === undefined ? {} : { queryId }
  if (type !== undefined) {
    const detail = `ClickHouse answered ${type}${code === undefined ? '' : ` (code ${code})`}`
    return { title: 'ClickHouse refused the query', status: 500, detail, ...asked }
  }
  if (code !== undefined || error instanceof DOMException || /timeout|socket|ECONN/i.test(String(error))) {
    return { title: 'ClickHouse does not answer', status: 503, detail: 'try again in a moment', ...asked }
  }
  return { title: 'Internal error', status: 500, detail: 'hopscope failed; its log says why', ...asked }
}

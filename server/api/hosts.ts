import type { NextFunction, Request, Response } from 'express'
import { ProblemError } from './problem.ts'

const loopback = new Set(['127.0.0.1', 'localhost', '::1', '[::1]'])

/**
 * On loopback every call is open, so a page of another site must not get here through a name that resolves to this
 * machine (DNS rebinding): the Host header has to name loopback. Where another address is configured, any name may.
 */
export function localHostsOnly(host: string) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const named = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
    if (!loopback.has(host) || loopback.has(named)) return next()
    next(new ProblemError(421, 'Misdirected request', `this server is not ${named}; use ${host}`))
  }
}

import type { NextFunction, Request, Response } from 'express'
import { brotliCompress, constants, gzip } from 'node:zlib'

const leastBytes = 1400

/** Compresses what `send` and `json` answer, off the main thread. Streams (files) pass as they are. */
export function compressed(request: Request, response: Response, next: NextFunction): void {
  const accepted = request.headers['accept-encoding'] ?? ''
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : ''
  if (encoding === '' || request.method === 'HEAD') return next()
  const send = response.send.bind(response)
  response.send = (body?: unknown) => {
    // json() and objects come here twice: only the text is compressed.
    if (typeof body !== 'string' || body.length < leastBytes || response.getHeader('Content-Encoding'))
      return send(body)
    const done = (error: Error | null, bytes: Buffer) => {
      if (response.destroyed) return
      if (error) return void send(body)
      response.set('Content-Encoding', encoding).vary('Accept-Encoding')
      send(bytes)
    }
    if (!response.get('Content-Type')) response.type('html')
    if (encoding === 'br') brotliCompress(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }, done)
    else gzip(body, { level: 5 }, done)
    return response
  }
  next()
}

import express, { type Response, Router } from 'express'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import helmet from 'helmet'

/** The built web UI: hashed files for ever, index.html never cached and given for every address that is a screen. */
export function webRouter(webRoot: string): Router {
  const router = Router()
  const index = readIndex(join(webRoot, 'index.html'))
  router.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          // The one inline script sets the theme before anything is painted.
          scriptSrc: ["'self'", ...index.scriptHashes],
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:', 'blob:'],
          fontSrc: ["'self'"],
          connectSrc: ["'self'"],
          workerSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: false,
    }),
  )
  const page = (response: Response) => response.set('Cache-Control', 'no-cache').type('html').send(index.html)
  // A link that was cut in the middle of a %XX: the page says so better than the router's 400.
  router.use((request, response, next) => {
    if (request.method === 'GET' && !isDecodable(request.path)) page(response)
    else next()
  })
  router.use(
    '/assets',
    express.static(join(webRoot, 'assets'), { immutable: true, maxAge: '365d', fallthrough: false }),
  )
  router.use(express.static(webRoot, { index: false, maxAge: 0 }))
  router.get('/{*path}', (_request, response: Response) => void page(response))
  return router
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

function readIndex(file: string): { html: string; scriptHashes: string[] } {
  let html: string
  try {
    html = readFileSync(file, 'utf8')
  } catch {
    html = '<!doctype html><title>hopscope</title><p>The web UI is not built: <code>npm run build</code>.</p>'
  }
  const inline = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text)
  const scriptHashes = inline.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
  return { html, scriptHashes }
}

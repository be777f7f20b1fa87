import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Why `host:port` cannot be listened on (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOTFOUND`), or undefined when it can. */
export function portTrouble(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** As portTrouble, but gives a predecessor that is still ending up to `timeoutMs` to let go of the port. */
export async function awaitPort(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(100)) {
    const trouble = await portTrouble(host, port)
    if (trouble !== 'EADDRINUSE' || Date.now() >= deadline) return trouble
  }
}

/** A port that nobody listened on a moment ago. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

import type { SecureContextOptions } from 'node:tls'

/** Certificate and key of the receivers, in PEM, and whose certificates clients must show (`ca`; without it none). */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly ca?: string | undefined
}

export interface TlsSource {
  current(): TlsFiles
  /** Calls back when they have changed. */
  subscribe(listener: (files: TlsFiles) => void): void
}

/** For `createSecureServer` and `https.createServer`. */
export const secureOptions = (files: TlsFiles) =>
  ({
    ...contextOf(files),
    minVersion: 'TLSv1.2',
    requestCert: files.ca !== undefined,
    rejectUnauthorized: files.ca !== undefined,
  }) as const

const contextOf = ({ cert, key, ca }: TlsFiles): SecureContextOptions => ({
  cert,
  key,
  ...(ca !== undefined && { ca }),
})

/** New connections get the new certificate; those that are open stay. */
export function keepFresh(server: { setSecureContext(options: SecureContextOptions): void }, tls: TlsSource): void {
  tls.subscribe((files) => server.setSecureContext(contextOf(files)))
}

import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsFiles, TlsSource } from '../collector/receivers/tls.ts'
import type { Logger } from '../storage/running.ts'
import { StartError } from '../storage/start-error.ts'
import { reasonOf } from './ingest-keys.ts'
import { fingerprint, whenChanged } from './watch.ts'

export interface TlsPaths {
  readonly certFile: string
  readonly keyFile: string
  /** Certificates that sign those of clients; null: clients need none. */
  readonly clientCaFile: string | null
}

/**
 * Reads certificate and key and again whenever one of the files changes. New ones that do not fit each other leave the old in force.
 * @param paths null: no TLS. @throws StartError when they cannot be used at the start.
 */
export function openTlsFiles(paths: TlsPaths | null, log: Logger): { tls: TlsSource | null; close(): void } {
  if (paths === null) return { tls: null, close: () => {} }
  const { certFile, keyFile, clientCaFile } = paths
  const read = (): TlsFiles => {
    const text = (path: string) => readFileSync(path, 'utf8')
    const files = {
      cert: text(certFile),
      key: text(keyFile),
      ...(clientCaFile !== null && { ca: text(clientCaFile) }),
    }
    createSecureContext(files)
    return files
  }
  const watched = [certFile, keyFile, ...(clientCaFile === null ? [] : [clientCaFile])]
  const since = watched.map(fingerprint)
  let files: TlsFiles
  try {
    files = read()
  } catch (error) {
    throw new StartError(`HOPSCOPE_TLS_CERT_FILE=${certFile} and its key cannot be used: ${reasonOf(error)}`)
  }
  const listeners: ((files: TlsFiles) => void)[] = []
  const look = () => {
    try {
      files = read()
    } catch (error) {
      log.error(
        { file: certFile, reason: reasonOf(error) },
        'the new certificate cannot be used; the old stays in force',
      )
      return
    }
    log.warn({ file: certFile }, 'the certificate has changed')
    for (const listener of listeners) listener(files)
  }
  const closes = watched.map((path, i) => whenChanged(path, since[i]!, look))
  return {
    tls: { current: () => files, subscribe: (listener) => void listeners.push(listener) },
    close: () => closes.forEach((close) => close()),
  }
}

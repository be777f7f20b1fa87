import { startCollector, type CollectorOptions } from '../collector/collector.ts'
import { runPart } from './child.ts'
import { openKeysFile } from './ingest-keys.ts'
import { openTlsFiles, type TlsPaths } from './tls-files.ts'

export type CollectorPart = Omit<CollectorOptions, 'log' | 'access' | 'tls'> & {
  ingestKeysFile: string | null
  tlsPaths: TlsPaths | null
}

/** The collector's process. */
runPart<CollectorPart>(async ({ ingestKeysFile, tlsPaths, ...options }, log) => {
  const keys = openKeysFile(ingestKeysFile, log)
  const { tls, close: closeTls } = openTlsFiles(tlsPaths, log)
  const collector = await startCollector({ ...options, access: keys, tls, log })
  return {
    addresses: collector.addresses,
    async close() {
      keys.close()
      closeTls()
      await collector.close()
    },
  }
})

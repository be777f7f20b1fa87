import { startCollector, type CollectorOptions } from '../collector/collector.ts'
import { inUrl } from '../collector/receivers/http-server.ts'
import { newMeter } from '../telemetry/meter.ts'
import { startTelemetry } from '../telemetry/telemetry.ts'
import { runPart } from './child.ts'
import { openKeysFile } from './ingest-keys.ts'
import { openTlsFiles, type TlsPaths } from './tls-files.ts'

export type CollectorPart = Omit<CollectorOptions, 'log' | 'access' | 'tls' | 'meter'> & {
  ingestKeysFile: string | null
  tlsPaths: TlsPaths | null
}

/** The collector's process. */
runPart<CollectorPart>(async ({ ingestKeysFile, tlsPaths, ...options }, log) => {
  const { host, grpcPort, httpPort } = options
  const own = [grpcPort, httpPort].map((port) => `http://${inUrl(host)}:${port}`)
  const stopTelemetry = await startTelemetry('hopscope-collector', own, log)
  const keys = openKeysFile(ingestKeysFile, log)
  const { tls, close: closeTls } = openTlsFiles(tlsPaths, log)
  const collector = await startCollector({ ...options, access: keys, tls, meter: newMeter('hopscope_collector_'), log })
  return {
    addresses: collector.addresses,
    async close() {
      keys.close()
      closeTls()
      await collector.close()
      await stopTelemetry()
    },
  }
})

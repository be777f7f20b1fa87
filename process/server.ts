import { startApi, type ApiOptions } from '../server/api/api.ts'
import { startFinaliser, type FinaliserOptions } from '../server/finaliser/finaliser.ts'
import { startTelemetry } from '../server/telemetry/telemetry.ts'
import type { Running } from '../storage/running.ts'
import { runPart } from './child.ts'

export type ServerPart = Omit<ApiOptions & FinaliserOptions, 'log'> & { finaliser: boolean; api: boolean }

/** The server's process: finaliser and API, which share what they know of nothing. */
runPart<ServerPart>(async ({ finaliser, api, ...options }, log) => {
  const { receivers } = options
  const stopTelemetry = await startTelemetry('hopscope-server', [receivers.grpc, receivers.http], log)
  const parts: Running[] = []
  if (finaliser) parts.push(await startFinaliser({ ...options, log }))
  if (api) parts.push(await startApi({ ...options, log }))
  return {
    addresses: parts.flatMap((part) => part.addresses),
    async close() {
      await Promise.all(parts.map((part) => part.close()))
      await stopTelemetry()
    },
  }
})

import { startApi, type ApiOptions } from '../server/api/api.ts'
import { startFinaliser, type FinaliserOptions } from '../server/finaliser/finaliser.ts'
import { startTelemetry } from '../telemetry/telemetry.ts'
import { newMeter } from '../telemetry/meter.ts'
import type { Running } from '../storage/running.ts'
import { runPart } from './child.ts'
import { openRulesFile } from './rules-file.ts'

export type ServerPart = Omit<ApiOptions & FinaliserOptions, 'log' | 'rules' | 'meter'> & {
  finaliser: boolean
  api: boolean
  rulesFile: string | null
}

/** The server's process: finaliser and API, which share what they know of nothing. */
runPart<ServerPart>(async ({ finaliser, api, rulesFile, ...options }, log) => {
  const { receivers } = options
  const stopTelemetry = await startTelemetry('hopscope-server', [receivers.grpc, receivers.http], log)
  const meter = newMeter('hopscope_server_')
  const rules = openRulesFile(rulesFile, log)
  const parts: Running[] = []
  if (finaliser) parts.push(await startFinaliser({ ...options, rules, meter, log }))
  if (api) parts.push(await startApi({ ...options, rules, meter, log }))
  return {
    addresses: parts.flatMap((part) => part.addresses),
    async close() {
      await Promise.all(parts.map((part) => part.close()))
      rules.close()
      await stopTelemetry()
    },
  }
})

import { readdirSync, readFileSync } from 'node:fs'
import type { RunningHopscope } from '../test/harness.ts'

/** What a process has used since it started, from /proc (Linux). Ticks are 10 ms there. */
export interface Usage {
  cpuSeconds: number
  /** Resident now, and at most so far. */
  mb: number
  peakMb: number
}

/** The processes of a hopscope by words of their command lines. */
export const parts = {
  collector: 'dist/process/collector.js',
  clickhouse: 'storage/engine-child.js',
  server: 'dist/process/server.js',
} as const
export type PartName = keyof typeof parts

export function usageOf(part: PartName, { dataDir }: Pick<RunningHopscope, 'dataDir'>): Usage {
  return usageOfProcess(pidOf(parts[part], dataDir))
}

/** Nothing of a process that is not there. */
export function usageOfProcess(pid: string | number | undefined): Usage {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
    return { cpuSeconds: cpuSecondsOf(`/proc/${pid}/stat`), mb: mb('VmRSS'), peakMb: mb('VmHWM') }
  } catch {
    return { cpuSeconds: 0, mb: 0, peakMb: 0 }
  }
}

/** Of the main thread alone: what is not in worker threads or the garbage collector's helpers. */
export function mainThreadCpuSeconds(part: PartName, { dataDir }: Pick<RunningHopscope, 'dataDir'>): number {
  const pid = pidOf(parts[part], dataDir)
  return pid === undefined ? 0 : cpuSecondsOf(`/proc/${pid}/task/${pid}/stat`)
}

function pidOf(word: string, dataDir: string): string | undefined {
  return readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      if (!readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(word)) return false
      return readFileSync(`/proc/${name}/environ`, 'utf8').includes(dataDir)
    } catch {
      return false // It ended while we looked.
    }
  })
}

function cpuSecondsOf(statFile: string): number {
  const stat = readFileSync(statFile, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

import { MalformedError } from '../../storage/protobuf.ts'
import { analyseTrace } from '../analysis/analyse.ts'
import { Flag } from '../analysis/flags.ts'
import type { AnalysisSettings } from '../analysis/types.ts'
import { readTraceFile, type TraceFile } from '../import/trace-file.ts'
import type { FileTrace } from '../import/spans-of-request.ts'
import { mostListed, type ImportedFile, type ImportedTrace } from './contract-import.ts'
import { badRequest, notFound } from './problem.ts'
import { traceJson } from './trace-json.ts'

/**
 * A file's traces, and one of them analysed. Stores nothing.
 * @param traceId '' for the one with most spans.
 * @throws ProblemError 400 naming the place in the file, 404 for a trace that it does not have.
 */
export function importFile(text: string, traceId: string, settings: AnalysisSettings): ImportedFile {
  const { format, traces, leftOut } = readOrRefuse(text)
  const chosen = traceId === '' ? traces[0] : traces.find((trace) => trace.traceId === traceId)
  if (traceId !== '' && !chosen) throw notFound(`the file has no trace ${traceId}`)
  return {
    format,
    traceCount: traces.length,
    traces: traces.slice(0, mostListed).map(listed),
    leftOut: [...leftOut].map(([reason, spans]) => ({ reason, spans })),
    trace: chosen ? traceJson(analyseTrace(chosen, settings), true, chosen.truncated ? Flag.truncated : 0) : null,
  }
}

function readOrRefuse(text: string): TraceFile {
  try {
    return readTraceFile(text)
  } catch (error) {
    if (error instanceof MalformedError) throw badRequest('file', error.message)
    throw error
  }
}

/** Its root is what names no parent, the earliest of several: spans come by their start. */
function listed({ traceId, baseUnixNano, spanCount, spans }: FileTrace): ImportedTrace {
  const root = spans.find(({ parentId }) => parentId === '')
  return {
    traceId,
    startUnixNano: String(baseUnixNano + BigInt(root?.start ?? 0)),
    rootService: root?.resource.attributes.get('service.name') ?? '',
    rootName: root?.name ?? '',
    spanCount,
  }
}

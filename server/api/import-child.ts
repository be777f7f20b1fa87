import { ProblemError } from './problem.ts'
import { importFile } from './import-file.ts'
import { problemStatus, type ImportOrder } from './import-process.ts'

/**
 * Entry of the process that reads a trace file: a line of JSON, the order, and then the file on standard input; the answer on
 * standard output, a problem document where the exit code is `problemStatus`.
 */
const parts: Buffer[] = []
for await (const part of process.stdin) parts.push(part as Buffer)
const input = Buffer.concat(parts)
parts.length = 0
const end = input.indexOf('\n')
const { traceId, settings } = JSON.parse(input.toString('utf8', 0, end)) as ImportOrder
const [answer, code] = answerTo(input.toString('utf8', end + 1))
process.stdout.write(JSON.stringify(answer), () => process.exit(code))

function answerTo(file: string): [object, number] {
  try {
    return [importFile(file, traceId, settings), 0]
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const { status, title, message, field } = error
    return [{ status, title, message, field }, problemStatus]
  }
}

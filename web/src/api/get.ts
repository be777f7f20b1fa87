/** Calls of the API: an address in, JSON or a named failure out. */
import type { Problem } from '../../../server/api/contract.ts'

/** What went wrong, in the words the API chose (RFC 9457); made up here only where no answer came at all. */
export class ApiError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ApiError'
    this.problem = problem
  }
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>

/** `/api/v1/overview?from=now-1h`; what is null, undefined or empty is left out. */
export function apiPath(resource: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') params.set(key, String(value))
  }
  return `/api/v1${resource}${params.size > 0 ? `?${params.toString()}` : ''}`
}

/**
 * @throws {ApiError} for every answer that is not 2xx and when none came.
 * @throws {DOMException} AbortError when `signal` aborts; the server stops the query then.
 */
export async function apiGet<T>(address: string, signal?: AbortSignal): Promise<T> {
  return (await (await answerOf(address, 'application/json', signal)).json()) as T
}

/** The same where the answer is no JSON. */
export async function apiBytes(address: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await answerOf(address, 'application/octet-stream', signal)).arrayBuffer()
}

async function answerOf(address: string, accept: string, signal?: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await fetch(address, { headers: { accept }, ...(signal ? { signal } : {}) })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(unanswered)
  }
  if (response.ok) return response
  throw new ApiError(await problemOf(response))
}

export const unanswered: Problem = {
  title: 'No answer from hopscope',
  status: 0,
  detail: 'The server did not answer. Is it running, and is the network up?',
}

export async function problemOf(response: Response): Promise<Problem> {
  try {
    const body: unknown = await response.json()
    if (typeof body === 'object' && body !== null && 'title' in body && 'detail' in body) return body as Problem
  } catch {
    // A proxy in between answers in HTML; its status is all there is to say.
  }
  return {
    title: `The server answered ${response.status}`,
    status: response.status,
    detail: response.statusText || 'It gave no reason.',
  }
}

/** Asking by POST: what an address has no room for. */
import { ApiError, problemOf, unanswered } from './get.ts'

/**
 * @throws {ApiError} for every answer that is not 2xx and when none came.
 * @throws {DOMException} AbortError when `signal` aborts.
 */
export const apiPost = <T>(address: string, question: object, signal?: AbortSignal): Promise<T> =>
  send<T>(address, JSON.stringify(question), signal)

/** A file as it is, which is said to be JSON. As `apiPost`. */
export const apiPostFile = <T>(address: string, file: Blob, signal?: AbortSignal): Promise<T> =>
  send<T>(address, file, signal)

/** What is answered, as text: Markdown. As `apiPost`. */
export const apiPostText = async (address: string, question: object): Promise<string> =>
  (await answerTo(address, JSON.stringify(question), undefined)).text()

const send = async <T>(address: string, body: string | Blob, signal: AbortSignal | undefined): Promise<T> =>
  (await (await answerTo(address, body, signal)).json()) as T

async function answerTo(address: string, body: string | Blob, signal: AbortSignal | undefined): Promise<Response> {
  let response: Response
  try {
    response = await fetch(address, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body,
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(unanswered)
  }
  if (response.ok) return response
  throw new ApiError(await problemOf(response))
}

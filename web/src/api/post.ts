/** Asking by POST, what an address has no room for; and changing things. */
import { ApiError, problemOf, unanswered } from './get.ts'

/**
 * @throws {ApiError} for every answer that is not 2xx and when none came.
 * @throws {DOMException} AbortError when `signal` aborts.
 */
export const apiPost = <T>(address: string, question: object, signal?: AbortSignal): Promise<T> =>
  send<T>('POST', address, JSON.stringify(question), signal)

/** A file as it is, which is said to be JSON. As `apiPost`. */
export const apiPostFile = <T>(address: string, file: Blob, signal?: AbortSignal): Promise<T> =>
  send<T>('POST', address, file, signal)

/** As `apiPost`. */
export const apiPut = <T>(address: string, body: object): Promise<T> => send<T>('PUT', address, JSON.stringify(body))
/** As `apiPost`. */
export const apiDelete = <T>(address: string): Promise<T> => send<T>('DELETE', address)
/** What is answered, as text: Markdown. As `apiPost`. */
export const apiPostText = async (address: string, question: object): Promise<string> =>
  (await answerTo('POST', address, JSON.stringify(question))).text()

type Method = 'POST' | 'PUT' | 'DELETE'
const send = async <T>(method: Method, address: string, body?: string | Blob, signal?: AbortSignal): Promise<T> =>
  (await (await answerTo(method, address, body, signal)).json()) as T

async function answerTo(
  method: Method,
  address: string,
  body?: string | Blob,
  signal?: AbortSignal,
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(address, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      ...(body !== undefined && { body }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(unanswered)
  }
  if (response.ok) return response
  throw new ApiError(await problemOf(response))
}

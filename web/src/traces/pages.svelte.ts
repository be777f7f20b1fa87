/** A list that is read page by page, as one resource: refreshing reads as many pages again as were shown. */
import { apiGet } from '../api/get.ts'
import { createResource, type Resource } from '../api/resource.svelte.ts'
import { appended, type Page } from './append.ts'

export interface Pages<List> extends Resource<List> {
  /** The next page is on its way; `loading` is true for that too. */
  readonly loadingMore: boolean
  more(): void
}

/** @param address of the first page, without a cursor. */
export function createPages<Item, List extends Page<Item>>(
  address: () => string,
  keyOf: (item: Item) => string,
): Pages<List> {
  let wanted = $state.raw({ from: '', pages: 1 })
  /** What the last answer was made of. */
  let loaded = { from: '', pages: 0, list: undefined as List | undefined }
  let loadingMore = $state(false)

  async function get(from: string, signal?: AbortSignal): Promise<unknown> {
    const pages = wanted.from === from ? wanted.pages : 1
    const goesOn = loaded.from === from && loaded.list && loaded.pages < pages
    let { list, pages: have } = goesOn ? loaded : { list: undefined, pages: 0 }
    loadingMore = Boolean(goesOn)
    try {
      while (have < pages && (!list || list.nextCursor !== null)) {
        const cursor = list?.nextCursor ? `&cursor=${encodeURIComponent(list.nextCursor)}` : ''
        const next = await apiGet<List>(from + cursor, signal)
        list = list ? appended(list, next, keyOf) : next
        have++
      }
      loaded = { from, pages: have, list }
      return list
    } finally {
      if (!signal?.aborted) loadingMore = false
    }
  }

  const resource = createResource<List>(address, get as typeof apiGet)
  return {
    get data() {
      return resource.data
    },
    get error() {
      return resource.error
    },
    get loading() {
      return resource.loading
    },
    get slow() {
      return resource.slow
    },
    get updatedMs() {
      return resource.updatedMs
    },
    get loadingMore() {
      return loadingMore
    },
    reload: () => resource.reload(),
    more: () => (wanted = { from: loaded.from, pages: loaded.pages + 1 }),
  }
}

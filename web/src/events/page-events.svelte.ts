import type { EventItem, EventList } from '../../../server/api/contract-events.ts'
import { apiPath } from '../api/get.ts'
import { createResource } from '../api/resource.svelte.ts'
import { range } from '../time/range.svelte.ts'
import { param } from '../url/state.svelte.ts'
import { eventsOn, type About } from './events.ts'

/** Call while a component is set up: the events of the page's range and scope. Reactive; empty until they are there, or if they cannot be read. */
export function pageEvents(about: () => About = () => ({})): () => readonly EventItem[] {
  const events = createResource<EventList>(() => apiPath('/events', { ...range() }))
  const shown = $derived(eventsOn(events.data?.items ?? [], about(), param))
  return () => shown
}

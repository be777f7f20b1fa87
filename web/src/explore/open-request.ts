/** From a point of a chart to a request that lies there. */
import type { ExploreRequestList } from '../../../server/api/contract-explore.ts'
import { ApiError, apiGet, apiPath, type Query } from '../api/get.ts'
import type { Point } from '../charts/point.ts'
import { say } from '../shell/toast.svelte.ts'
import { navigate } from '../url/router.svelte.ts'
import { linkTo } from '../url/state.svelte.ts'

/**
 * Opens the request whose value lies at or just below the point; where its cell has none so low, the highest of the cell.
 * @param of measure, level, filter and place, as the API of Explore takes them.
 */
export async function openRequestAt(
  of: Query | Promise<Query>,
  { fromMs, toMs, ns, loNs = 0, hiNs }: Point,
): Promise<void> {
  const at = { from: fromMs, to: toMs, selMinNs: loNs <= 0 ? null : Math.ceil(loNs), limit: 1 }
  const below = async (mostNs: number) => {
    const address = apiPath('/explore/requests', { ...(await of), ...at, selMaxNs: Math.ceil(mostNs) })
    return (await apiGet<ExploreRequestList>(address)).items[0]
  }
  try {
    const found =
      (await below(Math.min(hiNs ?? Infinity, ns + 1))) ?? (hiNs === undefined ? undefined : await below(hiNs))
    if (!found)
      return say(hiNs === undefined ? 'No request of that time took so little' : 'None of these is stored any more')
    navigate(linkTo(`/traces/${found.traceId}`, found.spanId ? { span: found.spanId } : {}), 'push')
  } catch (error) {
    say(error instanceof ApiError ? error.problem.title : 'None of these is stored any more')
  }
}

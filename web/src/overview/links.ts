/** Where a ranked thing has its page. */
export function entityPath({ kind, id }: { kind: 'proxy' | 'hop'; id: string }): string {
  return kind === 'proxy' ? `/proxies/${id}` : `/hops/${id}`
}

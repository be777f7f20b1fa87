import { quantiles, type Quantile } from '../format/figure.ts'
import { chosen } from '../url/state.svelte.ts'

/** Reactive: the percentile in the address. @param opening where it says none. */
export const percentile = (opening: Quantile = 'p99'): Quantile => chosen('p', quantiles) ?? opening

/** The room of the drawings of Compare, CSS px. */
export const height = 300
export const edge = { left: 52, right: 26, top: 22, bottom: 26 } as const

/** From 0 at the left to 1 at the right of what is drawn. */
export const across = (share: number, width: number): number => edge.left + share * (width - edge.left - edge.right)
/** From 0 at the top to 1 at the bottom. */
export const down = (share: number): number => edge.top + share * (height - edge.top - edge.bottom)

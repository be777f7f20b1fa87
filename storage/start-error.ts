/** Why hopscope cannot start, in one line for the person who started it: what is wrong and what would mend it. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What the metric of a class on the critical path is called before the class. */
export const classPrefix = 'class:'

/** Numbers of metrics: some that are always there, and one a class, given when the class first comes. */
export class MetricNumbers {
  readonly names: string[]
  private readonly prefix: string
  private readonly byClass = new Map<string, number>()

  constructor(names: readonly string[], prefix: string) {
    this.names = [...names]
    this.prefix = prefix
  }
  of(name: string): number {
    let number = this.byClass.get(name)
    if (number === undefined) {
      number = this.names.push(this.prefix + name) - 1
      this.byClass.set(name, number)
    }
    return number
  }
}

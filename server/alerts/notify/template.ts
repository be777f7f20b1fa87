/** Texts of targets, as their owners want them: names in double braces, and nothing that could run, throw or loop. */
import type { Template } from '../../api/contract-alerts.ts'
import { templateNames } from '../../api/contract-alerts.ts'

/** Longest text that comes of a template, and of a name in it: characters. */
const longest = 16_000
const longestValue = 2_000

export type TemplateValues = Readonly<Record<(typeof templateNames)[number], string>> & {
  readonly labels: Readonly<Record<string, string>>
}

/** `{{name}}` and `{{label.NAME}}`; what is not known is left out. Values are not looked through for names again. */
export function fill(template: string, values: TemplateValues): string {
  let text = ''
  let from = 0
  for (const { index, 0: whole, 1: name = '' } of template.matchAll(/\{\{([^{}]{0,80})\}\}/g)) {
    text += template.slice(from, index) + valueOf(name.trim(), values).slice(0, longestValue)
    from = index + whole.length
    if (text.length > longest) return `${text.slice(0, longest)}…`
  }
  return (text + template.slice(from)).slice(0, longest)
}

function valueOf(name: string, values: TemplateValues): string {
  if (name.startsWith('label.')) return ownOf(values.labels, name.slice(6))
  return (templateNames as readonly string[]).includes(name) ? values[name as keyof Omit<TemplateValues, 'labels'>] : ''
}

const ownOf = (labels: Readonly<Record<string, string>>, name: string): string =>
  Object.hasOwn(labels, name) ? labels[name]! : ''

export const filled = (template: Template | undefined, part: keyof Template, values: () => TemplateValues) =>
  template?.[part] === undefined ? undefined : fill(template[part], values())

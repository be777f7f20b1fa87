import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** The folders are the architecture (ARCHITECTURE.md): who may use whom, held against every import of every file. */
const root = fileURLToPath(new URL('..', import.meta.url))

/** A leaf that queries and API share; the web UI takes its types and nothing else of the server. */
const isContract = (file: string) => /^server\/api\/contract[\w-]*\.ts$/.test(file)

/** Of each folder, what it may import besides itself: folders, then packages. The longest folder that fits counts. */
const may: Record<string, { folders: string[]; packages: string[] }> = {
  contract: { folders: [], packages: ['zod'] },
  // Parsers of the user's rules: no I/O in them.
  'server/analysis': { folders: [], packages: ['yaml', 'zod'] },
  'server/statistics': { folders: [], packages: [] },
  // Rules of users are read here: no I/O in it.
  'server/alerts': { folders: ['contract', 'server/statistics'], packages: ['yaml'] },
  'server/alerts/run': {
    folders: ['contract', 'server/alerts', 'server/queries', 'server/statistics', 'storage', 'telemetry'],
    packages: ['node:'],
  },
  'server/alerts/notify': { folders: ['contract', 'storage'], packages: ['node:', 'nodemailer'] },
  telemetry: {
    folders: ['storage'],
    packages: ['@opentelemetry/api', '@opentelemetry/sdk-node', 'express', 'prom-client'],
  },
  'server/queries': {
    folders: ['storage', 'contract', 'server/analysis', 'server/statistics'],
    packages: ['node:crypto', 'node:fs', 'node:url'],
  },
  // Formats of other tools' trace files: no I/O in it.
  'server/trace-page': { folders: ['contract', 'server/analysis'], packages: [] },
  'server/import': { folders: ['storage', 'server/analysis'], packages: [] },
  'server/finaliser': {
    folders: [
      'contract',
      'storage',
      'server/analysis',
      'server/queries',
      'server/statistics',
      'server/trace-page',
      'telemetry',
    ],
    packages: ['node:timers/promises', 'node:worker_threads', 'node:zlib'],
  },
  'server/api': {
    folders: [
      'storage',
      'contract',
      'server/alerts',
      'server/analysis',
      'server/import',
      'server/queries',
      'server/statistics',
      'server/trace-page',
      'telemetry',
    ],
    packages: ['express', 'helmet', 'zod', 'node:'],
  },
  collector: { folders: ['storage', 'telemetry'], packages: ['node:'] },
  storage: { folders: [], packages: ['@clickhouse/client', 'chdb/libchdb', 'ffi-rs', 'pino', 'node:'] },
  process: { folders: ['collector', 'server', 'storage', 'telemetry'], packages: ['pino', 'zod', 'node:'] },
  web: { folders: ['contract'], packages: ['svelte', 'uplot'] },
}

interface Import {
  from: string
  to: string
  typesOnly: boolean
}

const sources = ['collector', 'server', 'storage', 'telemetry', 'process', 'web/src']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => /\.(?:ts|svelte)$/.test(file) && !file.endsWith('.test.ts'))
const imports = sources.flatMap(importsOf)

function importsOf(from: string): Import[] {
  const text = readFileSync(join(root, from), 'utf8')
  const scripts = from.endsWith('.svelte')
    ? [...text.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map((match) => match[1]!)
    : [text]
  const found: Import[] = []
  const add = (specifier: ts.Expression, typesOnly: boolean) => {
    if (!ts.isStringLiteral(specifier)) throw new Error(`${from} imports what only it knows`)
    const { text: to } = specifier
    found.push({ from, to: to.startsWith('.') ? relative(root, join(root, dirname(from), to)) : to, typesOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { importClause } = node
      const named = importClause?.namedBindings
      const each = named && ts.isNamedImports(named) ? named.elements.every((element) => element.isTypeOnly) : false
      add(node.moduleSpecifier, importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword || each)
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0]!, false)
    ts.forEachChild(node, visit)
  }
  for (const script of scripts) visit(ts.createSourceFile(from, script, ts.ScriptTarget.Latest))
  return found
}

const folderOf = (file: string): string | undefined =>
  isContract(file)
    ? 'contract'
    : Object.keys(may)
        .filter((folder) => file.startsWith(`${folder}/`))
        .sort((a, b) => b.length - a.length)[0]

const isFile = ({ to }: Import) =>
  /^(?:collector|server|storage|telemetry|process|web|test|bench|migrations|scripts)\//.test(to)
const isPackage = (one: Import) => !isFile(one)

function isAllowed(one: Import): boolean {
  const own = folderOf(one.from)
  if (!own) return false
  const { folders, packages } = may[own]!
  if (isPackage(one))
    return packages.some((name) => one.to === name || one.to.startsWith(name.endsWith(':') ? name : `${name}/`))
  const to = folderOf(one.to)
  if (to === 'contract' && own === 'web' && !one.typesOnly) return false
  return to === own || folders.some((folder) => folder === to || one.to.startsWith(`${folder}/`))
}

describe('dependencies', () => {
  it('are looked at: there are files, and imports of each kind', () => {
    expect(sources.length).toBeGreaterThan(150)
    expect(imports.filter(isFile).length).toBeGreaterThan(300)
    expect(imports.filter(isPackage).length).toBeGreaterThan(50)
    expect(sources.filter((file) => !folderOf(file))).toEqual([])
  })

  it('point the way that ARCHITECTURE.md says', () => {
    expect(imports.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} may not use ${to}`)).toEqual([])
  })

  it('of the analysis and the statistics are nothing at all: no I/O, no clock, no configuration', () => {
    const pure = sources.filter((file) => /^server\/(?:analysis|statistics)\//.test(file))
    const impure =
      /\b(?:process\.(?:env|argv|hrtime|pid)|Date\.now|new Date\(|Math\.random|fetch\(|setTimeout|setInterval|performance\.)/
    const code = (file: string) => readFileSync(join(root, file), 'utf8').replace(/\/\*.*?\*\/|\/\/.*$/gms, '')
    expect(pure.filter((file) => impure.test(code(file)))).toEqual([])
  })

  it('between folders never go round in a circle', () => {
    const next = new Map<string, Set<string>>()
    for (const one of imports.filter(isFile)) {
      const [from, to] = [folderOf(one.from), folderOf(one.to)]
      if (from && to && from !== to) next.set(from, (next.get(from) ?? new Set()).add(to))
    }
    const circles: string[] = []
    const walk = (folder: string, path: readonly string[]): void => {
      if (path.includes(folder)) circles.push([...path.slice(path.indexOf(folder)), folder].join(' -> '))
      else for (const to of next.get(folder) ?? []) walk(to, [...path, folder])
    }
    for (const folder of next.keys()) walk(folder, [])
    expect([...new Set(circles)]).toEqual([])
  })
})

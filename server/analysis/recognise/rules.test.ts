import { describe, expect, it } from 'vitest'
import { picture } from '../../../test/picture.ts'
import { analyseTrace } from '../analyse.ts'
import { boundedMatcher, regexProblem } from './regex.ts'
import { parseRules } from './rules.ts'
import type { UserRule } from './user-rule.ts'

const rulesOf = (source: string): readonly UserRule[] => {
  const parsed = parseRules(source)
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  return parsed.rules
}
const problemsOf = (source: string) => {
  const parsed = parseRules(source)
  return 'problems' in parsed ? parsed.problems.map(({ line, reason }) => `${line}: ${reason}`) : []
}

describe('rules file', () => {
  const haproxy = `
rules:
  - name: HAProxy at the edge
    match: { service: haproxy, span: { prefix: "Frontend " }, attributes: { http.port: 80, debug: { present: false } } }
    is: { family: haproxy, role: gateway, leg: down, workload: edge }
  - name: ocelot
    match:
      service: { regex: "^ocelot-" }
      kind: server
    is: { family: ocelot, role: gateway }
`
  it('is YAML', () => {
    expect(rulesOf(haproxy)).toEqual([
      {
        name: 'HAProxy at the edge',
        match: {
          service: { equals: 'haproxy' },
          name: { prefix: 'Frontend ' },
          attributes: { 'http.port': { equals: '80' }, debug: { present: false } },
        },
        family: 'haproxy',
        role: 'gateway',
        leg: 'down',
        workload: 'edge',
      },
      {
        name: 'ocelot',
        match: { service: { regex: '^ocelot-' }, kind: 2 },
        family: 'ocelot',
        role: 'gateway',
        leg: null,
        workload: '',
      },
    ])
  })

  it('is JSON as well', () => {
    const json = JSON.stringify({ rules: [{ name: 'x', match: { scope: 'x' }, is: { role: 'app' } }] })
    expect(rulesOf(json)).toEqual([
      { name: 'x', match: { scope: { equals: 'x' } }, family: '', role: 'app', leg: null, workload: '' },
    ])
  })

  it('tells the line and the reason of every error', () => {
    expect(
      problemsOf(`rules:
  - name: a
    match: {}
    is: { family: x, role: gateway }
  - name: b
    match:
      service: { regex: "(a+)+$" }
    is: { family: X, role: router }
`),
    ).toEqual([
      expect.stringMatching(/^3: rules\.0\.match: must test something/),
      expect.stringMatching(/^7: rules\.1\.match\.service\.regex: a group that repeats/),
      expect.stringMatching(/^8: rules\.1\.is\.family: must be lower-case/),
      expect.stringMatching(/^8: rules\.1\.is\.role: /),
    ])
    expect(problemsOf('rules:\n  - name: [unclosed\n')[0]).toMatch(/^[23]: /)
    expect(problemsOf('rules: {}\n')).toEqual([expect.stringMatching(/^1: rules: /)])
    expect(problemsOf('rules:\n  - { name: a, match: { scope: x }, is: { role: gateway } }\n')).toEqual([
      '2: rules.0.is: a proxy needs a family',
    ])
  })
})

describe('regular expressions of users', () => {
  it.each([
    '(a+)+',
    '(a|b)*',
    '(a|ab){2,9}',
    '(?=a)b',
    '(a)\\1',
    'a*b*c*',
    '.*x.*',
    '.*a?b?c?d?e?',
    'x'.repeat(201),
    '[',
  ])('refuses %s', (source) => expect(regexProblem(source)).toBeTruthy())
  it.each(['^router .+ egress$', '^(cart|pay)-v\\d+$', 'gateway', '^.*-gw-.*$', '[a+*]{3}', '(?:ab)+c'])(
    'takes %s',
    (source) => expect(regexProblem(source)).toBeUndefined(),
  )
  it('do not look at long texts', () => {
    const matcher = boundedMatcher('a')
    expect([matcher.test('a'.repeat(256)), matcher.test('a'.repeat(257))]).toEqual([true, false])
  })
})

describe('rules of the user', () => {
  const analyse = (drawing: string, rules: readonly UserRule[]) =>
    analyseTrace(picture(drawing), { networkRttNs: null, rules })
  const drawing = `
    f S go:ocelot 0-1000
      u C go:ocelot 100-900
        s S go:orders 200-800`

  it('make a gateway of what only its service tells, by kind', () => {
    const rules = rulesOf(
      'rules: [{ name: o, match: { service: ocelot }, is: { family: ocelot, role: gateway, workload: edge } }]',
    )
    const trace = analyse(drawing, rules)
    expect(trace.proxies.map(({ identity, overhead }) => [identity.family, identity.name, overhead.ns])).toEqual([
      ['ocelot', 'edge', 200_000],
    ])
    expect(trace.spans.map((span) => `${span.leg} ${span.rule}`)).toEqual(['down U1', 'up U1', 'app '])
    expect(analyse(drawing, []).proxies).toEqual([])
  })

  it('come before ours, the first that matches', () => {
    const rules = rulesOf(`
rules:
  - { name: no proxy, match: { scope: envoy, span: o }, is: { role: app } }
  - { name: too late, match: { scope: envoy }, is: { family: other, role: waypoint, leg: down } }`)
    const trace = analyse(
      `
      c C go:a 0-1000
        o C out:a 100-900
          w S in:b 200-800`,
      rules,
    )
    expect(trace.spans.map((span) => [span.role, span.proxyFamily])).toEqual([
      ['app', ''],
      ['app', ''],
      ['waypoint', 'other'],
    ])
  })

  it('look at attributes that differ from span to span', () => {
    const rules = rulesOf(
      'rules: [{ name: a, match: { attributes: { path: { prefix: /edge/ } } }, is: { family: x, role: gateway, leg: down } }]',
    )
    const trace = analyse(
      `
      a S go:a 0-1000 path=/edge/1
        b S go:a 100-900 path=/inner/1
          d S go:a 200-800 path=/edge/2`,
      rules,
    )
    expect(trace.spans.map((span) => span.role)).toEqual(['gateway', 'app', 'gateway'])
  })
})

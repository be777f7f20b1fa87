import { describe, expect, it } from 'vitest'
import { inactive, staleAfterMs, step, type AlertState, type Finding } from './state.ts'

const minute = 60_000
const patience = { forMs: 10 * minute, leastEvaluations: 3, keepFiringMs: 30 * minute }

/** Evaluations five minutes apart, as `m` met, `l` less, `g` gone, `.` unknown. @returns the phases after each. */
function life(findings: string, from = inactive(0)): { phases: string; last: AlertState } {
  const kinds: Record<string, Finding> = { m: 'met', l: 'less', g: 'gone', '.': 'unknown' }
  let state = from
  let phases = ''
  for (const finding of findings) {
    state = step(state, state.atMs + 5 * minute, kinds[finding]!, patience)
    phases += state.phase[0]
  }
  return { phases, last: state }
}

describe('the life of an alert', () => {
  it('REG-6: fires when the condition was met for ten minutes and three evaluations, and resolves half an hour after it is gone', () => {
    const { phases, last } = life('gmmmmgggggggg')
    expect(phases).toBe('ippffkkkkkkri')
    expect(last.phase).toBe('inactive')
  })

  it('is since when the condition was first met, through keep and fire again', () => {
    const { last, phases } = life('gmmmggm')
    expect([phases, last.sinceMs]).toEqual(['ippfkkf', 10 * minute])
  })

  it('forgets what was not met long enough', () => {
    expect(life('mmgmmlmmm').phases).toBe('ppippippf')
  })

  it('neither fires nor resolves for what is less, but not gone', () => {
    expect(life('mmmlllll').phases).toBe('ppffffff')
    expect(life('mmmglllllll').phases).toBe('ppfkkkkkkrr'.slice(0, 10) + 'i')
  })

  it('holds without data: no state changes, and no time runs', () => {
    const { phases, last } = life('mmm......')
    expect([phases, last.dataOk]).toEqual(['ppfffffff', false])
    // Half of keep before the silence, half after it.
    expect(life('mmmgggg......gggg').phases).toBe('ppfkkkkkkkkkkkkkr')
    // One evaluation of pending short of firing, however long the silence.
    expect(life('mm..........m').phases).toBe('ppppppppppppp')
    expect(life('mm..........mm').phases.at(-1)).toBe('f')
    expect(life('....').phases).toBe('iiii')
  })

  it('is stale after six hours without data, never resolved, and goes on where it was', () => {
    const silence = '.'.repeat(staleAfterMs / (5 * minute) + 1)
    const { phases, last } = life(`mmm${silence}`)
    expect([phases.at(-2), phases.at(-1), last.staleFrom]).toEqual(['f', 's', 'firing'])
    expect(life('.', last).last).toMatchObject({ phase: 'stale', sinceMs: 5 * minute })
    expect(life('m', last).last).toMatchObject({ phase: 'firing', sinceMs: 5 * minute, dataOk: true })
    expect(life('g', last).phases).toBe('k')
    expect(life('ggggggg', last).phases).toBe('kkkkkkr')
    const pending = life(`m${silence}`).last
    expect([pending.phase, life('mmm', pending).phases]).toEqual(['stale', 'ppf'])
  })

  it('takes no notice of an evaluation of the past, nor of the same twice', () => {
    const { last } = life('mmm')
    expect(step(last, last.atMs, 'gone', patience)).toBe(last)
    expect(step(last, last.atMs - minute, 'gone', patience)).toBe(last)
  })

  it('fires at once where nobody asked it to wait', () => {
    const eager = { forMs: 0, leastEvaluations: 1, keepFiringMs: 0 }
    const fired = step(inactive(0), minute, 'met', eager)
    expect(fired.phase).toBe('firing')
    const kept = step(fired, 2 * minute, 'gone', eager)
    expect([kept.phase, step(kept, 3 * minute, 'gone', eager).phase]).toEqual(['keep', 'resolved'])
  })
})

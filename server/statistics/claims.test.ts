import { describe, expect, it } from 'vitest'
import { refusal, valuesNeeded } from './claims.ts'

describe('the claim table', () => {
  it('asks for the values of algorithms.md section 6', () => {
    expect([0.5, 0.75, 0.9, 0.95, 0.99, 0.999].map(valuesNeeded)).toEqual([200, 200, 200, 400, 2000, 20000])
  })
  it('allows what has just enough values and refuses one less', () => {
    expect([refusal(0.99, 1999, 1), refusal(0.99, 2000, 1)]).toEqual(['few_samples', undefined])
    expect([refusal(0.5, 199, 1), refusal(0.5, 200, 1)]).toEqual(['few_samples', undefined])
  })
  it('refuses everything below a coverage of 0.8, and a tail that half of could be missing', () => {
    expect([refusal(0.5, 9999, 0.79), refusal(0.5, 9999, 0.8)]).toEqual(['low_coverage', undefined])
    expect([refusal(0.95, 9999, 0.97), refusal(0.95, 9999, 0.975)]).toEqual(['low_coverage', undefined])
    expect([refusal(0.99, 9999, 0.9949), refusal(0.99, 9999, 0.995)]).toEqual(['low_coverage', undefined])
  })
})

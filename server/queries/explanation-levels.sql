-- Of each level: values of both cohorts, and where winsorising cuts. Goes on from `current` with `ofB` (explanation.ts). The cut is at rank
-- ceil(q n), as of values that weigh differently (explanation-weighted.sql): quantileExact takes rank floor(q n) + 1, so q is a little less.
SELECT
  level AS fidelity, toFloat64(countIf(NOT ofB)) AS a, toFloat64(countIf(ofB)) AS b,
  toFloat64(quantileExact(0.9989999999999)(assumeNotNull(value))) AS cap, min(sign) > 0 AND min(counts) = max(counts) AS alike
FROM current
WHERE value IS NOT NULL AND level != 'unknown'
GROUP BY level

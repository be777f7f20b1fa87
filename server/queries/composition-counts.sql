-- How many requests two cohorts have, and whether all count alike. Goes on from `facts` with `inA` and `inB` (cohort-facts.ts).
SELECT
  toFloat64(sumIf(sign, inA)) AS allOfA, toFloat64(sumIf(sign, inA AND duration IS NULL)) AS rootlessOfA,
  toFloat64(sumIf(sign, inB)) AS allOfB, toFloat64(sumIf(sign, inB AND duration IS NULL)) AS rootlessOfB,
  min(sign) > 0 AS isCurrent, min(counts) = max(counts) AS isUniform
FROM facts

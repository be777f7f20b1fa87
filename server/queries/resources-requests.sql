-- How many requests two cohorts have, and how many of unknown weight. Goes on from `facts` with `inA` and `inB` (cohort-facts.ts).
SELECT
  sumIf(sign * counts, inA) AS ofA, sumIf(sign * counts, inB) AS ofB,
  toFloat64(sumIf(toInt64(sign) * unweighted, inA)) AS unweightedOfA, toFloat64(sumIf(toInt64(sign) * unweighted, inB)) AS unweightedOfB
FROM facts

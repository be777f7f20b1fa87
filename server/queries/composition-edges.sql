-- How many requests two cohorts have, whether all count alike, and then where quantiles of their durations lie. Goes on from `facts` with `inA`
-- and `inB` (cohort-facts.ts). The value at rank ceil(q n), as where they count differently (composition-weighted.sql): quantilesExact takes
-- rank floor(q n) + 1, so levels are a little less.
SELECT
  toFloat64(sumIf(sign, inA)) AS allOfA, toFloat64(sumIf(sign, inA AND duration IS NULL)) AS rootlessOfA,
  toFloat64(sumIf(sign, inB)) AS allOfB, toFloat64(sumIf(sign, inB AND duration IS NULL)) AS rootlessOfB,
  min(sign) > 0 AS isCurrent, isCurrent AND min(counts) = max(counts) AS isSimple,
  quantilesExactIf({{levels}})(toFloat64(assumeNotNull(duration)), inA AND duration IS NOT NULL) AS edgesOfA,
  quantilesExactIf({{levels}})(toFloat64(assumeNotNull(duration)), inB AND duration IS NOT NULL) AS edgesOfB
FROM facts

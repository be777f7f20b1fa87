-- Where quantiles of the durations of two cohorts lie whose requests count differently. Goes on from `current` with `inA` and `inB`.
SELECT
  quantilesExactWeightedIf({{levels}})(toFloat64(assumeNotNull(duration)), toUInt64(greatest(1, round(counts))), inA) AS edgesOfA,
  quantilesExactWeightedIf({{levels}})(toFloat64(assumeNotNull(duration)), toUInt64(greatest(1, round(counts))), inB) AS edgesOfB
FROM current
WHERE duration IS NOT NULL

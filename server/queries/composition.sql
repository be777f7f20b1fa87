-- What whole requests of a cohort are made of, at the mean and around quantiles: sums by class of what their critical paths hold, which
-- add up to their durations. Goes on from `facts` and `current` (explore/). A band holds the requests whose duration lies between two
-- quantiles; band 0 holds all of them.
, told AS (SELECT toFloat64(duration) AS took, toFloat64(counts) AS w, segments.class AS classes, segments.ns AS ns FROM current WHERE duration IS NOT NULL)
, (SELECT quantilesExactWeighted({{levels}})(took, toUInt64(greatest(1, round(w)))) FROM told) AS edges
SELECT
  band, toFloat64(count()) AS n, sum(w) AS weight, sum(w * w) AS squaredWeight, sum(took * w) AS total, sum(took * took * w) AS totalSquares,
  min(took) AS loNs, max(took) AS hiNs,
  sumMap(classes, arrayMap(x -> x * w, ns)) AS sums, sumMap(classes, arrayMap(x -> toFloat64(x) * x * w, ns)) AS squares
FROM (SELECT *, arrayJoin(arrayConcat([toUInt8(0)], {{bands}})) AS band FROM told)
GROUP BY band
ORDER BY band

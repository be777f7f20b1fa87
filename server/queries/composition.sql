-- What whole requests of two cohorts are made of, at the mean and around quantiles: sums by piece of what their critical paths hold, which
-- add up to their durations. Goes on from `current` with `inA` and `inB` (cohort-facts.ts). Requests are grouped by which pieces they have and
-- by what they count for: `bandsOfA` has bit i for the i-th two edges of A that the duration lies between. Each is read once for all of it.
SELECT
  segments.class AS classes, inA, inB, {{bandsOfA}} AS bandsOfA, {{bandsOfB}} AS bandsOfB,
  toFloat64(count()) AS n, sum(w) AS weight, sum(w * w) AS squaredWeight, sum(took * w) AS total, sum(took * took * w) AS totalSquares,
  min(took) AS loNs, max(took) AS hiNs,
  sumForEach(arrayMap(x -> x * w, segments.ns)) AS sums, sumForEach(arrayMap(x -> toFloat64(x) * x * w, segments.ns)) AS squares
FROM (SELECT *, toFloat64(assumeNotNull(duration)) AS took, toFloat64(counts) AS w FROM current WHERE duration IS NOT NULL)
GROUP BY classes, inA, inB, bandsOfA, bandsOfB

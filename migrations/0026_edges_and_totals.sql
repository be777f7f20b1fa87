-- Of single minutes a window has at most four at each end, and of its whole hour every entity was read for them: they lie by five minutes.
RESORT TABLE rollup_1m ORDER BY (kind, metric, toStartOfFiveMinutes(time), id, time, fidelity, environment, cluster, namespace, extra);

-- Sums of traces by minute and route, kept with each part of the facts, which is why they are exact whatever happens to facts.
-- server/queries/trace-totals.sql asks for the same expressions, else ClickHouse reads the facts.
ALTER TABLE traces ADD PROJECTION IF NOT EXISTS totals (
  SELECT
    toStartOfMinute(start), root_service, root_name, environment, cluster, namespace, duration IS NULL,
    if(start < '1970-01-01 00:00:00', 1, start >= '2106-02-07 00:00:00'),
    sum(toInt64(sign)), sumIf(toInt64(sign), bitAnd(flags, 64) != 0),
    sumIf(toInt64(sign), mesh_estimate IS NOT NULL), sumIf(toInt64(sign), gateway_estimate IS NOT NULL),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight)),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight) * hop_count),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight) * ifNull(duration, 0)),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight) * ifNull(mesh_lower, 0)),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight) * ifNull(mesh_upper, 0)),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight) * ifNull(mesh_estimate, 0)),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight) * ifNull(gateway_lower, 0)),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight) * ifNull(gateway_upper, 0)),
    sum(sign * if(bitAnd(flags, 131072) != 0, 1, weight) * ifNull(gateway_estimate, 0))
  GROUP BY
    toStartOfMinute(start), root_service, root_name, environment, cluster, namespace, duration IS NULL,
    if(start < '1970-01-01 00:00:00', 1, start >= '2106-02-07 00:00:00')
);
ALTER TABLE traces MATERIALIZE PROJECTION totals;

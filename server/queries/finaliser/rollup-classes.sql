-- What slow requests of a route are made of: per class, end-to-end bucket -> ns on the critical path.
-- settled_at of a job is the second of its id (Unix ms << 21): it names the one partition to look into.
-- A start that a DateTime cannot hold (before 1970, after 2106) is a fact but in no rollup.
INSERT INTO rollup_class_1m
SELECT id, environment, cluster, namespace, class, time,
  CAST(sumMap(map(toInt16(sign(e2e) * (1 + floor(32 * log2(greatest(abs(e2e), 1))))), total)), 'Map(Int16, Int64)') AS ns
FROM (
  SELECT
    sipHash64(root_service, root_name) AS id, environment, cluster, namespace, segment.1 AS class,
    toStartOfMinute(start) AS time, assumeNotNull(duration) AS e2e,
    sum(toInt64(sign) * segment.2) AS total
  FROM traces
  ARRAY JOIN arrayZip(segments.class, segments.ns) AS segment
  WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
      AND duration IS NOT NULL
    AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
  GROUP BY id, environment, cluster, namespace, class, time, e2e
)
GROUP BY id, environment, cluster, namespace, class, time
ORDER BY id, class, time, environment, cluster, namespace

-- Adds the hops of one job to the minute rollup. Run again under the same token it adds nothing.
-- Value by level (algorithms.md section 7): exact and modelled count with their number, bounded with its upper end;
-- unknown, and bounded without an end, count as requests only.
-- A class that a hop has twice (two proxies, two wires) counts once, with the sum, at the level of its least certain
-- part. (Not by sumMap over arrays: it drops a class whose parts add up to nothing.)
-- settled_at of a job is the second of its id (Unix ms << 21): it names the one partition to look into.
-- A start that a DateTime cannot hold (before 1970, after 2106) is a fact but in no rollup.
INSERT INTO rollup_1m
SELECT
  'hop' AS kind, metric, id, fidelity, environment, cluster, namespace, time,
  sum(facts) AS requests, sum(failed) AS errors, sumIf(facts, key IS NOT NULL) AS n,
  sum(total) AS sum, sum(squares) AS sum_sq,
  CAST(sumMapIf(map(assumeNotNull(key), facts), key IS NOT NULL), 'Map(Int16, Int64)') AS hist
FROM (
  SELECT
    metric, id, fidelity, environment, cluster, namespace, time,
    toInt16(sign(value) * (1 + floor(32 * log2(greatest(abs(value), 1))))) AS key,
    sum(toInt64(sign)) AS facts, sum(toInt64(sign) * error) AS failed,
    sum(toInt128(ifNull(value, 0)) * sign) AS total,
    sum(toInt128(ifNull(value, 0)) * ifNull(value, 0) * sign) AS squares
  FROM (
    SELECT
      hop_id AS id, environment, cluster, namespace, toStartOfMinute(start) AS time, sign, error,
      measure.1 AS metric, measure.2 AS fidelity, measure.3 AS value
    FROM hops
    ARRAY JOIN [
      ('transit', toString(transit_fidelity), multiIf(transit_fidelity = 'bounded', transit_hi, transit_fidelity = 'unknown', NULL, transit)),
      ('wire', if(wire IS NULL, 'unknown', 'exact'), wire)
    ] AS measure
    WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
      AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
    UNION ALL
    SELECT
      hop_id AS id, environment, cluster, namespace, toStartOfMinute(start) AS time, sign, error,
      concat('segment:', class) AS metric, toString(level) AS fidelity, toNullable(ns) AS value
    FROM (
      SELECT *, if(
          length(arrayDistinct(segments.class)) = length(segments.class),
          (segments.class, segments.ns, segments.fidelity),
          (
            arrayDistinct(segments.class),
            arrayMap(
              class -> arraySum((other, ns) -> if(other = class, ns, 0), segments.class, segments.ns),
              arrayDistinct(segments.class)
            ),
            arrayMap(
              class -> ['exact', 'bounded', 'modelled', 'unknown'][arrayMax(
                (other, fidelity) -> if(other = class, indexOf(['exact', 'bounded', 'modelled', 'unknown'], fidelity), 0),
                segments.class, segments.fidelity
              )],
              arrayDistinct(segments.class)
            )
          )
        ) AS merged
      FROM hops
      WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
      AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
    )
    ARRAY JOIN merged.1 AS class, merged.2 AS ns, merged.3 AS level
  )
  GROUP BY metric, id, fidelity, environment, cluster, namespace, time, key
)
GROUP BY metric, id, fidelity, environment, cluster, namespace, time
ORDER BY metric, id, time, fidelity, environment, cluster, namespace

-- Adds the traces of one job to the minute rollup, by route. Run again under the same token it adds nothing.
-- class:<class> is the time of a class on the critical path. A tax is modelled with an estimate, exact where both bounds
-- meet, else bounded with its upper end.
-- settled_at of a job is the second of its id (Unix ms << 21): it names the one partition to look into.
-- A start that a DateTime cannot hold (before 1970, after 2106) is a fact but in no rollup.
INSERT INTO rollup_1m
SELECT
  'trace' AS kind, metric, id, fidelity, environment, cluster, namespace, time,
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
      sipHash64(root_service, root_name) AS id, environment, cluster, namespace, toStartOfMinute(start) AS time, sign, error,
      measure.1 AS metric, measure.2 AS fidelity, measure.3 AS value
    FROM traces
    ARRAY JOIN [
      ('endToEnd', if(duration IS NULL, 'unknown', 'exact'), duration),
      (
        'meshTax',
        multiIf(mesh_upper IS NULL, 'unknown', mesh_estimate IS NOT NULL, 'modelled', mesh_lower = mesh_upper, 'exact', 'bounded'),
        ifNull(mesh_estimate, mesh_upper)
      ),
      (
        'gatewayTax',
        multiIf(gateway_upper IS NULL, 'unknown', gateway_estimate IS NOT NULL, 'modelled', gateway_lower = gateway_upper, 'exact', 'bounded'),
        ifNull(gateway_estimate, gateway_upper)
      )
    ] AS measure
    WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
      AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
    UNION ALL
    SELECT
      sipHash64(root_service, root_name) AS id, environment, cluster, namespace, toStartOfMinute(start) AS time, sign, error,
      concat('class:', class) AS metric, 'exact' AS fidelity, toNullable(ns) AS value
    FROM (
      SELECT *, arrayReduce('sumMap', [segments.class], [segments.ns]) AS merged
      FROM traces
      WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
      AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
    )
    ARRAY JOIN merged.1 AS class, merged.2 AS ns
  )
  GROUP BY metric, id, fidelity, environment, cluster, namespace, time, key
)
GROUP BY metric, id, fidelity, environment, cluster, namespace, time
ORDER BY metric, id, time, fidelity, environment, cluster, namespace

-- Adds the proxy traversals of one job to the minute rollup. Run again under the same token it adds nothing.
-- Value by level (algorithms.md section 7): exact and modelled count with their number, bounded with its upper end;
-- unknown, and bounded without an end, count as requests only.
-- retry is what waiting and failed attempts cost where there was more than one attempt.
-- settled_at of a job is the second of its id (Unix ms << 21): it names the one partition to look into.
-- A start that a DateTime cannot hold (before 1970, after 2106) is a fact but in no rollup.
INSERT INTO rollup_1m
SELECT
  'proxy' AS kind, metric, id, fidelity, environment, cluster, namespace, time,
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
      proxy_id AS id, environment, cluster, namespace, toStartOfMinute(start) AS time, sign, error,
      measure.1 AS metric, measure.2 AS fidelity, measure.3 AS value
    FROM proxies
    ARRAY JOIN [
      ('added', toString(added_fidelity), multiIf(added_fidelity = 'bounded', added_hi, added_fidelity = 'unknown', NULL, added)),
      ('overhead', toString(overhead_fidelity), multiIf(overhead_fidelity = 'bounded', overhead_hi, overhead_fidelity = 'unknown', NULL, overhead)),
      ('requestPath', toString(request_path_fidelity), multiIf(request_path_fidelity = 'bounded', request_path_hi, request_path_fidelity = 'unknown', NULL, request_path)),
      ('responsePath', toString(response_path_fidelity), multiIf(response_path_fidelity = 'bounded', response_path_hi, response_path_fidelity = 'unknown', NULL, response_path))
    ] AS measure
    WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
      AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
    UNION ALL
    SELECT
      proxy_id AS id, environment, cluster, namespace, toStartOfMinute(start) AS time, sign, error,
      'retry' AS metric, 'exact' AS fidelity, toNullable(backoff + wasted) AS value
    FROM proxies
    WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
      AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00' AND attempts > 1
  )
  GROUP BY metric, id, fidelity, environment, cluster, namespace, time, key
)
GROUP BY metric, id, fidelity, environment, cluster, namespace, time
ORDER BY metric, id, time, fidelity, environment, cluster, namespace

-- Facts as the rows of a rollup (migrations/0003_rollups.sql), a minute and a sampling weight each, so that what reads
-- rollups reads any facts. metric: what they are grouped by.
SELECT
  'facts' AS kind, toUInt64(0) AS id, by AS metric, level AS fidelity, time, '' AS environment, '' AS cluster, '' AS namespace, extra,
  facts_ AS requests, errors_ AS errors, known_ AS n, total_ AS sum, cells_ AS hist
FROM (
  SELECT
    {{by}} AS by, level, toDateTime(toStartOfMinute(start), 'UTC') AS time, if(unweighted, -1., counts - 1) AS extra,
    sum(toInt64(sign)) AS facts_, sum(toInt64(sign) * error) AS errors_, sumIf(toInt64(sign), value IS NOT NULL) AS known_,
    sum(toInt128(sign) * ifNull(value, 0)) AS total_,
    sumMapIf(
      map(toInt16(assumeNotNull(sign(value) * (1 + floor(32 * log2(greatest(abs(value), 1)))))), toInt64(sign)), value IS NOT NULL
    ) AS cells_
  FROM facts
  GROUP BY by, level, time, extra
)

-- Facts as the rows of a rollup (migrations/0003_rollups.sql), one a slot of {slot} seconds and a sampling weight, so that what reads
-- rollups reads any facts. metric: what they are grouped by. Counted by bucket first: a map a fact would cost several times as much.
SELECT
  'facts' AS kind, toUInt64(0) AS id, by AS metric, level AS fidelity, time, '' AS environment, '' AS cluster, '' AS namespace, extra,
  facts_ AS requests, errors_ AS errors, known_ AS n, total_ AS sum, cells_ AS hist
FROM (
  SELECT
    by, level, time, extra, sum(facts) AS facts_, sum(errors) AS errors_, sumIf(facts, known) AS known_, sum(total) AS total_,
    CAST((groupArrayIf(bucket, known), groupArrayIf(facts, known)), 'Map(Int16, Int64)') AS cells_
  FROM (
    SELECT
      {{by}} AS by, level, toDateTime(intDiv(toUInt32(toStartOfMinute(start)), {slot:UInt32}) * {slot:UInt32}, 'UTC') AS time,
      if(unweighted, -1., counts - 1) AS extra, value IS NOT NULL AS known,
      toInt16(if(known, sign(assumeNotNull(value)) * (1 + floor(32 * log2(greatest(abs(assumeNotNull(value)), 1)))), 0)) AS bucket,
      sum(toInt64(sign)) AS facts, sum(toInt64(sign) * error) AS errors, sum(toInt128(sign) * ifNull(value, 0)) AS total
    FROM facts
    GROUP BY by, level, time, extra, known, bucket
  )
  GROUP BY by, level, time, extra
)

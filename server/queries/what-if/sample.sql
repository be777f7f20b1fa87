-- Settled requests of a cohort, some of them by their ids. Goes on from `facts` and `current` (explore/). All of a day come to as many
-- as of an hour: what is left out is left out by hash, before anything is sorted.
SELECT
  lower(hex(trace_id)) AS traceId, toUInt32(toStartOfMinute(first_start)) AS firstMinute, toUInt32(toStartOfMinute(last_start)) AS lastMinute,
  span_rows AS rows, toFloat64(counts) AS weight, unweighted
FROM current
WHERE duration IS NOT NULL AND cityHash64(trace_id) % {one:UInt32} = 0
ORDER BY cityHash64(trace_id)
LIMIT {most:UInt32}

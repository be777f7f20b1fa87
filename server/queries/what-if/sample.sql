-- Settled requests of a cohort, some of them. Goes on from `facts` and `current` (explore/). Minute by minute in the order of their ids, as their
-- spans are stored, they are cut into stretches; of each a run is read (statistics/runs.ts), and only minutes that have one are looked into.
SELECT
  lower(hex(trace_id)) AS traceId, toUInt32(toStartOfMinute(first_start)) AS firstMinute, toUInt32(toStartOfMinute(last_start)) AS lastMinute,
  span_rows AS rows, toFloat64(counts) AS weight, unweighted, toUInt32(intDiv(position, {stretch:UInt64})) AS run
FROM (
  SELECT
    trace_id, first_start, last_start, span_rows, counts, unweighted,
    transform(toUInt32(toStartOfMinute(start)), {minutes:Array(UInt32)}, {before:Array(UInt64)}, toUInt64(0))
      + row_number() OVER (PARTITION BY toStartOfMinute(start) ORDER BY trace_id) - 1 AS position
  FROM current
  WHERE duration IS NOT NULL AND toStartOfMinute(start) IN (SELECT toDateTime(arrayJoin({minutes:Array(UInt32)}), 'UTC'))
)
WHERE (position + {stretch:UInt64} - {starts:Array(UInt64)}[run + 1]) % {stretch:UInt64} < {length:UInt64}
ORDER BY position

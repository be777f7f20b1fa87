-- Where the spans of a settled trace lie. The bloom filter on trace_id leaves few granules to look into.
SELECT
  toUnixTimestamp(toStartOfMinute(first_start)) AS firstMinute, toString(traces.job) AS job,
  bitAnd(flags, 65536) != 0 AS late, span_count AS spans,
  toUnixTimestamp(toStartOfMinute(last_start)) AS lastMinute,
  toString(toUnixTimestamp64Nano(first_start)) AS firstNano, toString(toUnixTimestamp64Nano(last_start)) AS lastNano
FROM traces
WHERE trace_id = unhex({traceId:String}) AND sign = 1
ORDER BY revision DESC
LIMIT 1

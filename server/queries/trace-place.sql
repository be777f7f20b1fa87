-- Where the spans of a settled trace lie, as the newest job that wrote facts of it says.
SELECT
  toUnixTimestamp(toStartOfMinute(first_start)) AS firstMinute, toString(trace_places.job) AS job,
  late, span_count AS spans,
  toUnixTimestamp(toStartOfMinute(last_start)) AS lastMinute,
  toString(toUnixTimestamp64Nano(first_start)) AS firstNano, toString(toUnixTimestamp64Nano(last_start)) AS lastNano
FROM trace_places
WHERE trace_id = unhex({traceId:String})
ORDER BY trace_places.job DESC
LIMIT 1

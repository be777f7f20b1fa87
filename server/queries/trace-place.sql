-- Where the spans of a settled trace lie, as the newest job that wrote facts of it says.
SELECT
  job, late, span_count AS spans, toUnixTimestamp64Nano(first_start) AS firstNano, toUnixTimestamp64Nano(last_start) AS lastNano
FROM trace_places
WHERE trace_id = unhex({traceId:String})
ORDER BY job DESC
LIMIT 1

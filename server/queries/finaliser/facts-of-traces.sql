-- The current facts of traces: newest revision, the job that wrote it, how many rows of spans it was made from, and how many of them came more than once.
SELECT
  lower(hex(trace_id)) AS traceId, max(traces.revision) AS revision, toString(argMax(job, traces.revision)) AS job,
  argMax(span_rows, traces.revision) AS spanRows,
  toUInt32(argMax(greatest(span_rows, span_count) - span_count, traces.revision)) AS duplicates,
  toUnixTimestamp(toStartOfMinute(argMax(first_start, traces.revision))) AS firstMinute,
  toUnixTimestamp(toStartOfMinute(argMax(last_start, traces.revision))) AS lastMinute
FROM traces
WHERE sign = 1
  AND toStartOfMinute(start) BETWEEN toDateTime({firstMinute:UInt32}, 'UTC') AND toDateTime({lastMinute:UInt32}, 'UTC')
  AND trace_id IN (
    SELECT toFixedString(substring(base64Decode({traceIds:String}), 16 * number + 1, 16), 16)
    FROM numbers({count:UInt32})
  )
GROUP BY trace_id

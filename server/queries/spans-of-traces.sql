-- Spans of up to some thousand traces, each trace's together and by start. The minutes are keys of the sort order:
-- what toStartOfMinute makes of a start, which wraps outside 1970..2106, on both sides of the comparison alike.
SELECT
  trace_id, span_id, parent_id, start, duration, kind, status, flags, resource, scope, attrset, service, name, attrs,
  trace_state, status_message, ext
FROM spans
WHERE toStartOfMinute(start) BETWEEN toDateTime({firstMinute:UInt32}, 'UTC') AND toDateTime({lastMinute:UInt32}, 'UTC')
  AND trace_id IN (
    SELECT toFixedString(substring(base64Decode({traceIds:String}), 16 * number + 1, 16), 16)
    FROM numbers({count:UInt32})
  )
ORDER BY trace_id, start, span_id
LIMIT {maxSpans:UInt32} BY trace_id
FORMAT Native

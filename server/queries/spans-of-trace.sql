-- Spans of one trace, as spans-of-traces.sql.
SELECT
  trace_id, span_id, parent_id, start, duration, kind, status, flags, resource, scope, attrset, service, name, attrs,
  trace_state, status_message, ext
FROM spans
WHERE toStartOfMinute(start) BETWEEN toDateTime({firstMinute:UInt32}, 'UTC') AND toDateTime({lastMinute:UInt32}, 'UTC')
  AND trace_id = unhex({traceId:String})
ORDER BY start, span_id
LIMIT {maxSpans:UInt32}
FORMAT Native

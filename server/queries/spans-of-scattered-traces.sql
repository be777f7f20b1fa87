-- Spans of traces of which each minute has few, as spans-of-many-traces.sql: each trace is looked for where it lies in the sort order.
SELECT
  trace_id, span_id, parent_id, start, duration, kind, status, flags, resource, scope, attrset, service, name, attrs,
  trace_state, status_message, ext
FROM spans
WHERE (toStartOfMinute(start), trace_id) IN (
    SELECT toDateTime({minutes:Array(UInt32)}[number + 1], 'UTC'), toFixedString(substring(base64Decode({traceIds:String}), 16 * number + 1, 16), 16)
    FROM numbers({count:UInt32})
  )
LIMIT {mostRows:UInt64}
FORMAT Native

-- Spans of up to some ten thousand traces in no order: sorting them here would cost as much as finding them. The minutes are
-- as in spans-of-traces.sql. Of parts in which all is of other batches nothing is read: while much comes in, those of a few seconds are told from each
-- other so before they are merged, where the traces of a few seconds lie among those of a minute. Batches only say where to look.
SELECT
  trace_id, span_id, parent_id, start, duration, kind, status, flags, resource, scope, attrset, service, name, attrs,
  trace_state, status_message, ext
FROM spans
WHERE toStartOfMinute(start) BETWEEN toDateTime({firstMinute:UInt32}, 'UTC') AND toDateTime({lastMinute:UInt32}, 'UTC')
  AND indexHint(batch BETWEEN {firstBatch:UInt64} AND {lastBatch:UInt64})
  AND trace_id IN (
    SELECT toFixedString(substring(base64Decode({traceIds:String}), 16 * number + 1, 16), 16)
    FROM numbers({count:UInt32})
  )
LIMIT {mostRows:UInt64}
FORMAT Native

-- Ids of traces that have facts, newest first.
SELECT trace_id, settled_at
FROM traces
WHERE settled_at >= toDateTime({since:UInt32}, 'UTC') AND sign = 1
ORDER BY settled_at DESC
LIMIT {limit:UInt32}
FORMAT Native

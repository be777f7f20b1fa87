-- Requests in the box, slowest or newest first; the cursor is the last one of the page before.
SELECT
  lower(hex(trace_id)) AS traceId, if(span = toFixedString('', 8), '', lower(hex(span))) AS spanId,
  toString(toUnixTimestamp64Nano(start)) AS startUnixNano, toFloat64(exactly) AS ns, level AS fidelity,
  trace_duration IS NULL ? NULL : toFloat64(trace_duration) AS traceNs, toString(entity) AS entity,
  {{name}} AS name, toString(caller) AS caller, toString(callee) AS callee, toString(route) AS route, toUInt16(status) AS status, error,
  sign, revision
FROM selected
WHERE isIn AND ({cursorTrace:String} = '' OR if({byValue:UInt8},
  (exactly, toUnixTimestamp64Nano(start), hex(trace_id), hex(span)) <
    ({cursorValue:Int64}, {cursorStart:Int64}, {cursorTrace:String}, {cursorSpan:String}),
  (toUnixTimestamp64Nano(start), hex(trace_id), hex(span)) < ({cursorStart:Int64}, {cursorTrace:String}, {cursorSpan:String})
))
ORDER BY if({byValue:UInt8}, exactly, 0) DESC, start DESC, hex(trace_id) DESC, hex(span) DESC
LIMIT {limit:UInt32}

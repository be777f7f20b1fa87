-- Traces by start or duration, current revision only: facts of a revision that was replaced are there again with sign -1.
-- By start the rows are read in the order of the table, seconds whole, so that a page does not read the whole window.
-- The cursor is the last item of the page before: its key and its trace id.
SELECT
  lower(hex(trace_id)) AS traceId,
  toString(toUnixTimestamp64Nano(start)) AS startUnixNano,
  duration, root_service AS rootService, root_name AS rootName,
  span_count AS spanCount, hop_count AS hopCount, error,
  mesh_lower, mesh_upper, mesh_estimate, gateway_lower, gateway_upper, gateway_estimate
FROM traces
WHERE sign = 1 AND (trace_id, revision) NOT IN (
    SELECT trace_id, revision FROM traces
    WHERE sign = -1
      AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  )
  AND toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND ({service:String} = '' OR has(services, {service:String}))
  AND ({minNs:Int64} = 0 OR duration >= {minNs:Int64})
  AND ({maxNs:Int64} = 0 OR duration <= {maxNs:Int64})
  AND ({error:Int8} < 0 OR error = {error:Int8})
  AND ({prefix:String} = '' OR startsWith(lower(hex(trace_id)), {prefix:String}))
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(concat(root_service, ' ', root_name, ' ', route), {text:String}) > 0)
  AND ({proxy:UInt64} = 0 OR (trace_id, revision) IN (
    SELECT trace_id, revision FROM proxies
    WHERE proxy_id = {proxy:UInt64} AND start >= fromUnixTimestamp64Milli({fromMs:Int64} - 3600000, 'UTC')
      AND start < fromUnixTimestamp64Milli({toMs:Int64} + 3600000, 'UTC')
  ))
  AND ({hop:UInt64} = 0 OR (trace_id, revision) IN (
    SELECT trace_id, revision FROM hops
    WHERE hop_id = {hop:UInt64} AND start >= fromUnixTimestamp64Milli({fromMs:Int64} - 3600000, 'UTC')
      AND start < fromUnixTimestamp64Milli({toMs:Int64} + 3600000, 'UTC')
  ))
  AND ({cursorId:String} = '' OR if({byDuration:UInt8},
    (ifNull(duration, -1), toUnixTimestamp64Nano(start), hex(trace_id)) < ({cursorKey:Int64}, {cursorStart:Int64}, upper({cursorId:String})),
    (toUnixTimestamp64Nano(start), hex(trace_id)) < ({cursorStart:Int64}, upper({cursorId:String}))
  ))
ORDER BY
  if({byDuration:UInt8}, ifNull(duration, -1), 0) DESC,
  toStartOfMinute(start) DESC, toStartOfSecond(start) DESC, start DESC, trace_id DESC
LIMIT {limit:UInt32}

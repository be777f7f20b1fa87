-- Current facts of older jobs in a part of the window, by start, after the last that was looked at.
-- Facts that were taken back are there with either sign, and the same start: they add up to nothing.
-- `count` ids: those traces only; 0: all.
SELECT
  lower(hex(trace_id)) AS traceId, traces.revision AS revision,
  toString(anyIf(job, sign = 1)) AS job, anyIf(span_rows, sign = 1) AS spanRows,
  toUInt32(anyIf(greatest(span_rows, span_count) - span_count, sign = 1)) AS duplicates,
  bitAnd(any(flags), 65536) != 0 AS late,
  toUnixTimestamp(toStartOfMinute(any(first_start))) AS firstMinute,
  toUnixTimestamp(toStartOfMinute(any(last_start))) AS lastMinute,
  toString(toUnixTimestamp64Nano(start)) AS startNano
FROM traces
WHERE toStartOfMinute(start) BETWEEN toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
    AND toStartOfMinute(fromUnixTimestamp64Milli({toMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND (toUnixTimestamp64Nano(start), trace_id) > ({afterNano:Int64}, unhex({afterId:String}))
  AND ({count:UInt32} = 0 OR trace_id IN (
    SELECT toFixedString(substring(base64Decode({traceIds:String}), 16 * number + 1, 16), 16)
    FROM numbers({count:UInt32})
  ))
GROUP BY start, trace_id, traces.revision
HAVING sum(sign) = 1 AND anyIf(traces.job, sign = 1) < {id:UInt64}
ORDER BY start, trace_id
LIMIT {limit:UInt32}

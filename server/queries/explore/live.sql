-- First analyses that jobs of a stretch of time wrote, newest first, and how many there are of them.
SELECT
  lower(hex(trace_id)) AS traceId, if(span = toFixedString('', 8), '', lower(hex(span))) AS spanId,
  toString(toUnixTimestamp64Nano(start)) AS startUnixNano, toFloat64(assumeNotNull(value)) AS ns, level AS fidelity,
  trace_duration IS NULL ? NULL : toFloat64(trace_duration) AS traceNs, toString(entity) AS entity,
  {{name}} AS name, toString(caller) AS caller, toString(callee) AS callee, toString(route) AS route, toUInt16(status) AS status, error,
  toFloat64(count() OVER ()) AS arrived
FROM facts
WHERE sign = 1 AND revision = 0 AND value IS NOT NULL AND level != 'unknown' AND job IN (
  SELECT job FROM jobs
  WHERE state = 'written' AND at > fromUnixTimestamp64Milli({after:Int64}, 'UTC') AND at <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')
)
ORDER BY start DESC, trace_id, span
LIMIT {limit:UInt32}

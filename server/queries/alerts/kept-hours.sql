-- Minutes that were kept, of whole hours.
SELECT kind, metric, toString(id) AS id, fidelity, toUInt32(hour) AS seconds, p50, p95, n
FROM alert_minutes FINAL
WHERE hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC') AND metric IN {metrics:Array(String)}
  AND (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
ORDER BY hour

-- What processes and containers of proxies took, by stretch of time. CPU time grows between two readings, from the start that is told where
-- that is later than the reading before (it began anew), and belongs to the stretches that this time lies in, evenly; where it shrank
-- without such a start, or nothing came for ten minutes, what it grew by is not known. Memory: the mean of readings.
WITH readings AS (
  SELECT
    kind, source, program, names, series, temporality, value, toUnixTimestamp64Milli(begun) AS begunMs, toUnixTimestamp64Milli(time) AS timeMs,
    lagInFrame(timeMs) OVER of_series AS beforeMs, lagInFrame(value) OVER of_series AS last,
    begunMs > beforeMs OR (begunMs = beforeMs AND value < last) AS anew
  FROM proxy_usage FINAL
  WHERE toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({fromMs:Int64} - 600000, 'UTC'))
    AND time >= fromUnixTimestamp64Milli({fromMs:Int64} - 600000, 'UTC') AND time < fromUnixTimestamp64Milli({toMs:Int64} + 600000, 'UTC')
  WINDOW of_series AS (PARTITION BY kind, series ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
),
grown AS (
  SELECT
    kind, source, program, names, series, timeMs,
    multiIf(temporality = 'delta' OR anew, begunMs, value < last, timeMs, beforeMs) AS sinceMs,
    if(temporality = 'delta' OR anew, value, value - last) AS seconds
  FROM readings
  WHERE kind = 'cpu' AND timeMs > sinceMs AND timeMs - sinceMs <= 600000
),
parts AS (
  SELECT
    kind, source, program, names, series,
    arrayJoin(range(toUInt32(intDiv(sinceMs, 1000 * {slotSeconds:Int64})), toUInt32(intDiv(timeMs - 1, 1000 * {slotSeconds:Int64}) + 1))) AS slot,
    least(timeMs, (slot + 1) * 1000 * {slotSeconds:Int64}) - greatest(sinceMs, slot * 1000 * {slotSeconds:Int64}) AS ms,
    seconds * ms / (timeMs - sinceMs) AS used
  FROM grown
),
of_series AS (
  SELECT kind, source, program, names, series, slot, sum(used) AS used, sum(ms) AS ms FROM parts GROUP BY ALL
  UNION ALL
  SELECT
    kind, source, program, names, series, toUInt32(intDiv(timeMs, 1000 * {slotSeconds:Int64})) AS slot, avg(value) AS used,
    1000 * {slotSeconds:Int64} AS ms
  FROM readings WHERE kind = 'memory' GROUP BY ALL
)
SELECT
  toString(kind) AS kind, toString(source) AS source, toString(program) AS program, names, slot, sum(used) AS used,
  toFloat64(max(ms)) / (1000 * {slotSeconds:Int64}) AS covered
FROM of_series
WHERE slot >= intDiv({fromMs:Int64}, 1000 * {slotSeconds:Int64}) AND slot < intDiv({toMs:Int64}, 1000 * {slotSeconds:Int64})
GROUP BY ALL

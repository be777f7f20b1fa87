-- Durations of a window's requests of one shape; facts of a revision that was replaced are there again with sign -1. `median` is an
-- observed one, the lower of two, of current and replaced facts alike: what it chooses is looked up again.
SELECT
  toUInt32(greatest(0, sum(sign))) AS n,
  toUInt32(greatest(0, sumIf(toInt64(sign), duration < {duration:Int64}))) AS below,
  toUInt32(greatest(0, sumIf(toInt64(sign), duration = {duration:Int64}))) AS equal,
  toString(quantileExactLowIf(0.5)(assumeNotNull(duration), sign = 1)) AS median
FROM traces
WHERE toStartOfMinute(start) >= toStartOfMinute(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'))
  AND start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND shape_id = {shape:UInt64} AND duration IS NOT NULL

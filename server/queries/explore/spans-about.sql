-- About how many spans a window has: those of the batches that reach into it.
SELECT toFloat64(sum(spans)) AS spans FROM batches
WHERE last_start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND first_start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')

SELECT id, service, what, extra, environment, cluster, namespace, requests FROM coverage_1m
WHERE kind = {kind:String} AND (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
  AND toStartOfHour(time) >= toStartOfHour(toDateTime({minute:UInt32}, 'UTC')) AND toStartOfHour(time) <= toStartOfHour(toDateTime({minuteEnd:UInt32}, 'UTC'))
  AND time >= toDateTime({minute:UInt32}, 'UTC') AND time < toDateTime({minuteEnd:UInt32}, 'UTC')
  AND (toStartOfHour(time) < toDateTime({hour:UInt32}, 'UTC') OR toStartOfHour(time) >= toDateTime({hourEnd:UInt32}, 'UTC'))

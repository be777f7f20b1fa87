SELECT id, service, what, extra, environment, cluster, namespace, requests FROM coverage_1h
WHERE kind = {kind:String} AND (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
  AND toStartOfDay(time) >= toStartOfDay(toDateTime({hour:UInt32}, 'UTC')) AND toStartOfDay(time) <= toStartOfDay(toDateTime({hourEnd:UInt32}, 'UTC'))
  AND time >= toDateTime({hour:UInt32}, 'UTC') AND time < toDateTime({hourEnd:UInt32}, 'UTC')

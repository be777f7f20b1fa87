,
-- By bucket of end-to-end time and sampling weight (1 + extra): how many requests (class '') and their ns on the critical path by class. Whole hours from the
-- hourly rollup, the rest by the minute. Counts of 0 are what retractions left behind.
classes AS (
  SELECT class, ns, id, environment, cluster, namespace, extra FROM rollup_class_1h
  WHERE toStartOfDay(time) >= toStartOfDay(toDateTime({hour:UInt32}, 'UTC')) AND toStartOfDay(time) <= toStartOfDay(toDateTime({hourEnd:UInt32}, 'UTC'))
    AND time >= toDateTime({hour:UInt32}, 'UTC') AND time < toDateTime({hourEnd:UInt32}, 'UTC')
  UNION ALL
  SELECT class, ns, id, environment, cluster, namespace, extra FROM rollup_class_1m
  WHERE toStartOfHour(time) >= toStartOfHour(toDateTime({minute:UInt32}, 'UTC')) AND toStartOfHour(time) <= toStartOfHour(toDateTime({minuteEnd:UInt32}, 'UTC'))
    AND (toStartOfHour(time) < toDateTime({hour:UInt32}, 'UTC') OR toStartOfHour(time) >= toDateTime({hourEnd:UInt32}, 'UTC'))
    AND time >= toDateTime({minute:UInt32}, 'UTC') AND time < toDateTime({minuteEnd:UInt32}, 'UTC')
),
buckets AS (
  SELECT '' AS class, extra, sumMap(hist) AS cells FROM rollup
  WHERE fidelity = 'exact'
    AND (empty({environment:String}) OR environment = {environment:String})
    AND (empty({cluster:String}) OR cluster = {cluster:String})
    AND (empty({namespace:String}) OR namespace = {namespace:String})
  GROUP BY extra
  UNION ALL
  SELECT class, extra, sumMap(ns) AS cells FROM classes
  WHERE (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
    AND (empty({environment:String}) OR environment = {environment:String})
    AND (empty({cluster:String}) OR cluster = {cluster:String})
    AND (empty({namespace:String}) OR namespace = {namespace:String})
  GROUP BY class, extra
)
SELECT class, extra, mapKeys(cells) AS keys, arrayMap(value -> toFloat64(value), mapValues(cells)) AS counts FROM buckets

-- ns on the critical path by class, bucket of end-to-end time and sampling weight (1 + extra), of some stretches: splits.ts says which tables. Counts of 0
-- are what retractions left behind.
SELECT class, extra, mapKeys(cells) AS keys, arrayMap(value -> toFloat64(value), mapValues(cells)) AS counts
FROM (
  SELECT class, extra, sumMap(ns) AS cells FROM ({{rows}})
  WHERE (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
    AND (empty({environment:String}) OR environment = {environment:String})
    AND (empty({cluster:String}) OR cluster = {cluster:String})
    AND (empty({namespace:String}) OR namespace = {namespace:String})
  GROUP BY class, extra
)
